//! A host that is an async program calls the core as any other does: nothing panics for being inside a runtime, and
//! what takes long can be handed to another thread.

use std::path::Path;
use std::sync::Arc;

use codetune_core::analysis::{AnalysisOptions, Selected, analyze};
use codetune_core::dataset::TokenTape;
use codetune_core::model::{MemoryBudget, Model};
use codetune_core::plugin::{Fault, Runtime};
use codetune_core::run::{RunMetrics, Session, Start};
use codetune_core::store::{AnalysisCache, NewConfig, NewRun, RunFilter, RunStatus, Store};
use codetune_core::train::{Event, MetricSink, RunConfig, TrainOutcome, TrainedModel, Trainer};
use codetune_tests::{TestBatch, faulty, fixture, open_model_by, registry};
use serde_json::{Map, json};
use tokio::runtime::{self, Builder};

/// One of each kind, since what tokio forbids differs between them.
fn runtimes() -> [runtime::Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()].map(|mut builder| builder.build().unwrap())
}

/// Two steps on a tiny model.
fn config(out: &Path) -> RunConfig {
    let text = format!(
        "[model]\npath = '.'\n[data]\ntokens = 'tokens.json'\nmax_seq_length = 64\n[adapter]\nr = 2\n\
         [train]\nbatch_size = 1\nmax_steps = 2\n[output]\ndir = {:?}\n",
        out.to_str().unwrap()
    );
    RunConfig::parse(&text, "run.toml", &fixture("peft/qwen2")).unwrap()
}

#[test]
fn what_a_service_hands_to_its_threads_can_be_sent() {
    fn is_send<T: Send>() {}
    is_send::<Trainer<TrainedModel>>();
    is_send::<Box<dyn MetricSink>>();
    is_send::<RunMetrics>();
    is_send::<Model>();
    is_send::<Arc<Store>>();
    is_send::<AnalysisOptions>();
}

#[test]
fn a_session_trains_and_records_inside_a_runtime() {
    for runtime in runtimes() {
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let database = folder.path().join("runs.db").display().to_string();
            let registry = registry(folder.path(), Runtime::Wasm);
            let session = Session {
                registry: &registry,
                store: Arc::new(Store::open(&database).unwrap()),
                stop: Arc::default(),
                runtimes_chosen: true,
                memory: MemoryBudget::of_machine(),
            };
            let config = config(&folder.path().join("out"));
            let trained = session.train(&config, &Start::New, &mut |_: &Event| {}).unwrap();
            assert!(matches!(trained.outcome, TrainOutcome::Completed(_)));
            drop(session);
            let store = Store::open(&database).unwrap();
            assert_eq!(store.get_run(&trained.run.to_string()).unwrap().status, RunStatus::Completed);
            assert_eq!(store.metrics(&trained.run, "train_loss").unwrap().len(), 2);
        });
    }
}

#[test]
fn a_trainer_moves_to_a_thread_for_blocking_work() {
    for runtime in runtimes() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = runtime.block_on(async {
            let config = config(&folder.path().join("out"));
            let model = fixture("peft/qwen2");
            let trained = TrainedModel::new(open_model_by(Runtime::Wasm, &model).unwrap(), &config).unwrap();
            let tape = TokenTape::load(&model.join("tokens.json"), 1, 64, 1 << 20).unwrap();
            let store = Arc::new(Store::open(":memory:").unwrap());
            let saved = store.save_config(&NewConfig::new("toy", "rows", json!({}))).unwrap();
            let run = store.start_run(&NewRun::new(saved, "lora")).unwrap();
            let mut trainer = Trainer::new(config, trained, Box::new(tape))
                .unwrap()
                .with_metrics(Box::new(RunMetrics::new(Arc::clone(&store), run)));
            let task = tokio::task::spawn_blocking(move || trainer.run(&mut |_: &Event| {}).unwrap());
            let outcome = task.await.unwrap();
            assert_eq!(store.list_runs(&RunFilter::default(), 10).unwrap().len(), 1);
            outcome
        });
        assert!(matches!(outcome, TrainOutcome::Completed(_)));
    }
}

#[test]
fn a_component_that_writes_and_panics_inside_a_runtime_costs_its_call_alone() {
    for runtime in runtimes() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = faulty(folder.path(), Runtime::Wasm).ready("tests/faulty").unwrap();
        let options = |fault: &str| Map::from_iter([("fault".to_owned(), json!(fault))]);
        runtime.block_on(async {
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
}

#[test]
fn an_analysis_with_a_cache_runs_inside_a_runtime() {
    for runtime in runtimes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.py"), "def f():\n    return 1\n").unwrap();
        let answers = runtime.block_on(async {
            let plugins = registry(folder.path(), Runtime::Wasm);
            let run = || {
                let cache = AnalysisCache::open(&folder.path().join("cache")).unwrap();
                let analyzers = vec![Selected::new(plugins.ready("codetune/metrics").unwrap())];
                let options = AnalysisOptions {
                    analyzers,
                    cache: Some(Arc::new(cache)),
                    jobs: 1,
                    ..Default::default()
                };
                analyze(folder.path(), &options, &|_| {}, &Arc::default()).unwrap()
            };
            (run().fresh_answers, run().cached_answers)
        });
        assert_eq!(answers, (1, 1));
    }
}
