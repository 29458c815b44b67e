use codetune_core::plugin::{PluginDirectories, Registry, Runtime, Trust};
use codetune_plugin_sdk::{Report, Value};
use codetune_tests::{TODO_COMPONENT, TODO_LIBRARY, TestBatch};
use serde_json::{Map, json};
use todo_analyzer as _;

const PYTHON: &str = "\
x = 'TODO in a text is no note'
# TODO: nobody's
# TODO(ann): somebody's
# TODOS are another word
# ärger, FIXME
";

const RUST: &str = "// XXX\nfn main() {} /* TODO(bob) */\n";

fn reports(runtime: Runtime, options: &Map<String, serde_json::Value>) -> Vec<Report> {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = Registry::new(PluginDirectories::below(folder.path()), Trust::default());
    match runtime {
        Runtime::Builtin => registry.register_builtins(|name| name == "examples/todo"),
        Runtime::Native => registry.register_embedded("todo", TODO_LIBRARY),
        Runtime::Wasm => registry.register_embedded("todo", TODO_COMPONENT),
    }
    let mut instance = registry.ready("examples/todo").unwrap().analyzer(options).unwrap();
    let answers = instance.analyze(&TestBatch::of(&[("a.py", PYTHON), ("b.rs", RUST)])).unwrap();
    answers.into_iter().map(Result::unwrap).collect()
}

fn spans<'a>(text: &'a str, report: &Report) -> Vec<&'a str> {
    report.findings.iter().map(|f| &text[f.start as usize..f.end as usize]).collect()
}

#[test]
fn the_analyzer_to_copy_finds_ownerless_notes_in_comments_in_every_runtime() {
    for runtime in Runtime::ALL {
        let found = reports(runtime, &Map::new());
        assert_eq!(spans(PYTHON, &found[0]), ["TODO", "FIXME"], "{runtime}");
        assert_eq!(spans(RUST, &found[1]), ["XXX"], "{runtime}");
        assert_eq!(found[0].attributes[0].value, Value::Integer(3), "{runtime}");
        assert_eq!(found[1].attributes[0].value, Value::Integer(2), "{runtime}");
    }
}

#[test]
fn its_options_change_what_it_finds() {
    let options: Map<_, _> = [("words".to_owned(), json!("ärger"))].into_iter().collect();
    assert_eq!(spans(PYTHON, &reports(Runtime::Wasm, &options)[0]), ["ärger"]);
    let options: Map<_, _> = [("require_owner".to_owned(), json!(false))].into_iter().collect();
    let found = reports(Runtime::Wasm, &options);
    assert!(found.iter().all(|report| report.findings.is_empty()));
    assert_eq!(found[0].attributes[0].value, Value::Integer(3));
}
