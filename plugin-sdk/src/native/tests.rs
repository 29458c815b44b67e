//! Hosts whose tables have other sizes than this build's.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::Mutex;

use super::analyzer_table;
use crate::abi::{self, Captures, FAILED, Host, OK, Plan, Slice, Str, Table, TensorOp};
use crate::{Analyzer, Error, Report, Setup, Severity, Source};

struct Whole;

#[derive(serde::Deserialize)]
struct Nothing {}

impl Analyzer for Whole {
    type Config = Nothing;

    fn new(_: Nothing, _: &Setup) -> Result<Self, Error> {
        Ok(Whole)
    }

    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
        let rule = crate::RuleId(0);
        let _ = report.finding(rule, Severity::Note, 0..source.text().len()).message("whole");
        Ok(())
    }
}

/// What the host was told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

fn tell(context: *mut c_void, text: String) {
    // SAFETY: every table here is made with a `Told` that outlives it.
    unsafe { &*context.cast::<Told>() }.0.lock().unwrap().push(text);
}

unsafe extern "C" fn log(_: *mut c_void, _: u32, _: Str) {}

unsafe extern "C" fn fail(context: *mut c_void, kind: u32, message: Str) {
    // SAFETY: the plugin lends the text for the length of the call.
    tell(context, format!("{kind}: {}", unsafe { message.to_str() }.unwrap()));
}

unsafe extern "C" fn fail_source(context: *mut c_void, _: u32, kind: u32, message: Str) {
    // SAFETY: as the caller of this vouches for.
    unsafe { fail(context, kind, message) };
}

unsafe extern "C" fn report(context: *mut c_void, source: u32, report: *const abi::Report) {
    // SAFETY: the plugin lends the report for the length of the call.
    let findings = unsafe { (*report).findings.get() }.len();
    tell(context, format!("source {source}: {findings}"));
}

unsafe extern "C" fn query(_: *mut c_void, _: u32, _: Str, _: *mut Captures, _: *mut Str) -> u32 {
    FAILED
}

unsafe extern "C" fn plan(_: *mut c_void, _: *const Plan) {}

unsafe extern "C" fn tensor_op(_: *mut c_void, _: *const TensorOp, _: *mut u32, _: *mut Str) -> u32 {
    FAILED
}

unsafe extern "C" fn tensor_shape(_: *mut c_void, _: u32, _: *mut Slice<u64>) -> u32 {
    FAILED
}

unsafe extern "C" fn tensor_drop(_: *mut c_void, _: u32) {}

/// Analyses one file for a host whose table is `size` bytes long, and not one more. Gives the status of `configure`
/// and what the host was told.
fn analyze_for_a_host_of(size: usize) -> (u32, Vec<String>) {
    let told = Told::default();
    let context = std::ptr::from_ref(&told).cast_mut().cast();
    let whole = Host {
        size,
        context,
        log,
        fail,
        fail_source,
        report,
        query,
        plan,
        tensor_op,
        tensor_shape,
        tensor_drop,
    };
    let layout = Layout::from_size_align(size, align_of::<Host>()).unwrap();
    let table: &abi::Analyzer = &const { analyzer_table::<Whole>() };
    let texts = [abi::Source { path: Str::text("a"), language: Str::text("text"), text: Str::text("abc") }];
    let setup = abi::Setup { config: Str::text("{}"), rules: Slice::of(&[]), attributes: Slice::of(&[]) };
    let mut instance = std::ptr::null_mut();
    // SAFETY: the place is `size` bytes long; what is handed over lives for the calls.
    let status = unsafe {
        let place = alloc_zeroed(layout);
        std::ptr::copy_nonoverlapping((&raw const whole).cast(), place, size.min(size_of::<Host>()));
        let host = place.cast::<Host>().cast_const();
        let status = (table.configure)(host, &setup, &mut instance);
        if status == OK {
            assert_eq!((table.analyze)(host, instance, Slice::of(&texts)), OK);
            (table.free)(host, instance);
        }
        dealloc(place, layout);
        status
    };
    (status, told.0.into_inner().unwrap())
}

#[test]
fn a_plugin_works_for_an_older_and_for_a_newer_host() {
    for size in [Host::NEEDED, Host::NEEDED + 8, 4096] {
        assert_eq!(analyze_for_a_host_of(size), (OK, vec!["source 0: 1".to_owned()]), "{size}");
    }
}

#[test]
fn a_plugin_refuses_a_host_that_is_shorter_than_abi_0_and_says_so_where_it_can() {
    let (status, told) = analyze_for_a_host_of(Host::NEEDED - 8);
    assert_eq!(status, FAILED);
    assert!(told[0].contains("has 80 bytes and ABI 0 began with 88"), "{told:?}");
    assert_eq!(analyze_for_a_host_of(offset_of!(Host, fail)), (FAILED, Vec::new()));
}
