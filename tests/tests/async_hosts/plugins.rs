use std::sync::Arc;

use codetune_core::model::{MemoryBudget, ModelHost};
use codetune_core::plugin::{Fault, PluginDirectories, Registry, Runtime, Trust};
use codetune_tests::{FAULTY_COMPONENT, TestBatch, faulty, fixture, registry};
use serde_json::{Map, json};

use crate::in_every_place;

#[test]
fn a_component_that_writes_and_panics_costs_its_call_alone() {
    in_every_place(|folder| {
        let plugin = faulty(folder, Runtime::Wasm).ready("tests/faulty").unwrap();
        let options = |fault: &str| Map::from_iter([("fault".to_owned(), json!(fault))]);
        let error = plugin.analyzer(&options("configure-panic")).err().unwrap();
        assert!(error.to_string().contains("configure went wrong on purpose"), "{error}");
        let mut instance = plugin.analyzer(&options("panic")).unwrap();
        let error = instance.analyze(&TestBatch::of(&[("a.txt", "FAULT")])).unwrap_err();
        let Fault::Trapped(text) = error.fault else { panic!("a trap is expected: {error}") };
        assert!(text.contains("analyze went wrong on purpose"), "{text}");
        let mut slow = plugin.analyzer(&options("sleep")).unwrap();
        assert!(slow.analyze(&TestBatch::of(&[("a.txt", "FAULT")])).unwrap()[0].is_ok());
    });
}

#[test]
fn an_analyzer_asks_for_its_sources_in_every_runtime() {
    for runtime in [Runtime::Builtin, Runtime::Native, Runtime::Wasm] {
        in_every_place(move |folder| {
            let plugin = registry(folder, runtime).ready("codetune/metrics").unwrap();
            plugin.load().unwrap();
            let mut analyzer = plugin.analyzer(&Map::new()).unwrap();
            let batch = TestBatch::of(&[("a.rs", "fn f() {}"), ("b.txt", "text")]);
            assert_eq!(analyzer.analyze(&batch).unwrap().len(), 2);
        });
    }
}

#[test]
fn a_backend_is_found_by_its_architecture_and_configured_in_every_runtime() {
    let config = std::fs::read_to_string(fixture("peft/qwen2/config.json")).unwrap();
    for runtime in [Runtime::Builtin, Runtime::Native, Runtime::Wasm] {
        let config = config.clone();
        in_every_place(move |folder| {
            let plugins = registry(folder, runtime);
            let backend = plugins.backend_for("Qwen2ForCausalLM").unwrap().unwrap();
            let host = Arc::new(ModelHost::new(MemoryBudget::of_machine()));
            assert_eq!(backend.backend(&config, host).unwrap().plan().blocks, 2);
        });
    }
}

#[test]
fn files_of_plugins_are_discovered_and_registered() {
    in_every_place(|folder| {
        let file = folder.join("faulty.wasm");
        std::fs::write(&file, FAULTY_COMPONENT).unwrap();
        let mut plugins = Registry::new(PluginDirectories::below(&folder.join("cache")), Trust::default());
        plugins.discover(folder).unwrap();
        assert!(plugins.get("tests/faulty").is_ok());
        plugins.clear();
        plugins.register_file(&file);
        assert_eq!(plugins.list().count(), 1);
        assert_eq!(plugins.analyzers().len(), 1);
    });
}
