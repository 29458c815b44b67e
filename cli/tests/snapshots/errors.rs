use std::sync::Mutex;

use codetune_tests::fixture;

use crate::names;
use crate::place::Place;
use crate::transcript::{Summary, replay};

/// A small model without a tokenizer, tokens for it, a source file, and a run file.
fn place() -> Place {
    let place = Place::new();
    place.copy(&fixture("peft/qwen2"), "model");
    place.write("tokens.json", std::fs::read(fixture("peft/qwen2/tokens.json")).unwrap());
    place.write("src/a.py", "def f():\n    return 1\n");
    place.write("src/b.rs", "pub fn b() -> u32 {\n    1\n}\n");
    place
}

#[test]
fn errors_read_well() {
    let names = names("errors");
    let summaries: Mutex<Vec<Summary>> = Mutex::default();
    std::thread::scope(|scope| {
        for name in &names {
            let summaries = &summaries;
            scope.spawn(move || {
                let summary = replay(&format!("errors/{name}"), &place());
                summaries.lock().unwrap().push(summary);
            });
        }
    });
    let summaries = summaries.into_inner().unwrap();
    let failed: usize = summaries.iter().map(|summary| summary.failed).sum();
    let failed_with_json: usize = summaries.iter().map(|summary| summary.failed_with_json).sum();
    assert!(failed >= 90, "{failed} errors have a snapshot");
    assert!(failed_with_json >= 15, "{failed_with_json} errors have a snapshot as JSON");
}
