//! A native plugin whose tables are of another size than this host's loads and works, as the ABI is append-only.

use codetune_core::plugin::Fault;
use codetune_plugin_sdk::{Value, abi};
use codetune_tests::TestBatch;
use serde_json::Map;

use crate::{c_compiler, shared_library, trusted};

/// What a library with so many fields more than ABI 0 began with says of its host.
fn answer(extra: i32) -> Result<Value, Fault> {
    let folder = tempfile::tempdir().unwrap();
    let mut compiler = c_compiler();
    compiler.arg(format!("-DEXTRA={extra}"));
    let library = shared_library(&mut compiler, "tests/fixtures/native/sizes.c", folder.path());
    let mut instance = trusted(&library).analyzer(&Map::new()).map_err(|error| error.fault)?;
    let report = instance.analyze(&TestBatch::of(&[("a.txt", "text")])).unwrap().remove(0).unwrap();
    Ok(report.attributes[0].value)
}

#[test]
fn a_library_of_the_size_that_abi_0_began_with_and_one_of_a_larger_size_work() {
    let host = Value::Integer(size_of::<abi::Host>() as i64);
    for extra in [0, 1, 100] {
        assert_eq!(answer(extra), Ok(host), "{extra} fields more");
    }
}

#[test]
fn a_library_whose_tables_are_shorter_than_abi_0_is_refused_with_both_sizes() {
    let Err(Fault::Unavailable(reason)) = answer(-1) else { panic!("it is refused") };
    assert!(reason.contains("has 40 bytes and ABI 0 began with 48: build it with this SDK"), "{reason}");
}
