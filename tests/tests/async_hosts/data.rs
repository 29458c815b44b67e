use std::path::Path;
use std::sync::Arc;

use codetune_core::analysis::{AnalysisOptions, Selected, analyze};
use codetune_core::dataset::{
    Dataset, DatasetConfig, Split, TokenTape, TokenizerSource, TokenizerTraining, build_analyzed,
};
use codetune_core::files;
use codetune_core::plugin::Runtime;
use codetune_core::source::{DiscoverOptions, discover, load};
use codetune_core::store::{AnalysisCache, NewConfig, Store};
use codetune_tests::{fixture, registry};
use serde_json::json;

use crate::in_every_place;

/// A folder with a few files of code.
fn code(folder: &Path) -> std::path::PathBuf {
    let code = folder.join("code");
    std::fs::create_dir(&code).unwrap();
    for number in 0..20 {
        let text = format!("def name{number}(a, b):\n    return [a + {number}, b * {number}]\n");
        std::fs::write(code.join(format!("f{number}.py")), text).unwrap();
    }
    code
}

#[test]
fn files_are_discovered_and_loaded() {
    in_every_place(|folder| {
        let options = DiscoverOptions::default();
        let found = discover(code(folder).as_path(), &options).unwrap();
        assert_eq!(found.files.len(), 20);
        let file = load(&found.files[0], &options).unwrap();
        assert!(!file.query("(function_definition) @f").unwrap().items.is_empty());
    });
}

#[test]
fn an_analysis_runs_with_its_cache_and_its_listener_may_call_the_core() {
    in_every_place(|folder| {
        let code = code(folder);
        let plugins = registry(folder, Runtime::Wasm);
        let store = Store::open(":memory:").unwrap();
        let run = || {
            let cache = AnalysisCache::open(&folder.join("cache")).unwrap();
            let options = AnalysisOptions {
                analyzers: vec![Selected::new(plugins.ready("codetune/metrics").unwrap())],
                cache: Some(Arc::new(cache)),
                jobs: 2,
                ..Default::default()
            };
            let listener = |_| {
                store.save_config(&NewConfig::new("toy", "rows", json!({}))).unwrap();
            };
            analyze(code.as_path(), &options, &listener, &Arc::default()).unwrap()
        };
        let (first, second) = (run(), run());
        assert_eq!((first.fresh_answers, second.cached_answers), (20, 20));
    });
}

#[test]
fn a_dataset_is_built_with_a_new_tokenizer_saved_and_loaded() {
    in_every_place(|folder| {
        let plugins = registry(folder, Runtime::Builtin);
        let options = AnalysisOptions {
            analyzers: vec![Selected::new(plugins.ready("codetune/secrets").unwrap())],
            keep_text: true,
            ..Default::default()
        };
        let analysis = analyze(code(folder).as_path(), &options, &|_| {}, &Arc::default()).unwrap();
        let training = TokenizerTraining { vocab_size: 300, min_frequency: 2 };
        let config = DatasetConfig { max_seq_length: 64, held_out: 0.25, ..DatasetConfig::default() };
        let source = TokenizerSource::Trained(training);
        let built = build_analyzed(&analysis, &config, source, &|_| {}, &Default::default()).unwrap();
        let saved = folder.join("data");
        built.dataset.save(&saved).unwrap();
        let loaded = Dataset::load(&saved).unwrap();
        assert_eq!(loaded.documents(), built.dataset.documents());
        assert!(loaded.batches(Split::Train, 2).unwrap().sequences() > 0);
        assert!(!loaded.inspect(3, 3, 10).unwrap().samples.is_empty());
    });
}

#[test]
fn a_tape_is_read() {
    in_every_place(|_| {
        let tape = TokenTape::load(&fixture("peft/qwen2/tokens.json"), 1, 64, 1 << 20).unwrap();
        assert!(tape.tokens() > 0);
    });
}

#[test]
fn files_are_written_published_and_read() {
    in_every_place(|folder| {
        let file = folder.join("a");
        files::write(&file, b"text").unwrap();
        assert_eq!(files::read_text(&file, 10).unwrap(), "text");
        files::write_private(&folder.join("key"), &[b"secret"]).unwrap();
        assert_eq!(files::read_private(&folder.join("key")).unwrap(), b"secret");
    });
}
