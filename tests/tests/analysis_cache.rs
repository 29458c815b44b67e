//! Answers of analyzers that are kept in a file are those that the analyzers would give.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use codetune_core::analysis::{Analysis, AnalysisOptions, Selected, analyze};
use codetune_core::plugin::Runtime;
use codetune_core::store::AnalysisCache;
use codetune_tests::registry;

/// Real code in eight languages.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/metrics")
}

fn run(plugins: &Path, cache: Option<&Path>) -> Analysis {
    let metrics = registry(plugins, Runtime::Builtin).ready("codetune/metrics").unwrap();
    let cache = cache.map(|folder| Arc::new(AnalysisCache::open(folder).unwrap()) as Arc<_>);
    let options = AnalysisOptions { analyzers: vec![Selected::new(metrics)], cache, ..Default::default() };
    analyze(&fixtures(), &options, &|_| {}, &Arc::default()).unwrap()
}

fn json(analysis: &Analysis) -> String {
    serde_json::to_string_pretty(analysis).unwrap()
}

#[test]
fn they_are_the_same_and_none_is_asked_for_twice() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let first = run(folder.path(), Some(&kept));
    let second = run(folder.path(), Some(&kept));
    assert!(first.fresh_answers > 20, "{} answers", first.fresh_answers);
    assert_eq!((second.cached_answers, second.fresh_answers), (first.fresh_answers, 0));
    assert_eq!(json(&first), json(&second));
    assert_eq!(json(&first), json(&run(folder.path(), None)));
}

#[test]
fn a_file_that_is_damaged_in_the_middle_gives_no_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let first = run(folder.path(), Some(&kept));
    let path = kept.join("analysis.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let from = bytes.len() / 3;
    bytes[from..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
    std::fs::write(&path, bytes).unwrap();
    let second = run(folder.path(), Some(&kept));
    assert!(second.fresh_answers > 0, "nothing was damaged");
    assert_eq!(json(&first), json(&second));
    run(folder.path(), Some(&kept));
    assert_eq!(json(&first), json(&run(folder.path(), Some(&kept))));
}
