use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use codetune_core::dataset::TokenTape;
use codetune_core::model::{MemoryBudget, ModelConfig, Sampling};
use codetune_core::plugin::Runtime;
use codetune_core::run::{
    Completer, CompletionRequest, ModelSource, NewModel, Prompt, RunMetrics, Session, Start, create_model,
    open_model,
};
use codetune_core::store::{NewConfig, NewRun, RunStatus, Store};
use codetune_core::train::{Event, RunConfig, TrainOutcome, TrainedModel, Trainer, audit};
use codetune_tests::{fixture, open_model_by, registry};
use serde_json::json;

use crate::in_every_place;

/// Two steps on a tiny model.
fn config(out: &Path) -> RunConfig {
    let text = format!(
        "[model]\npath = '.'\n[data]\ntokens = 'tokens.json'\nmax_seq_length = 64\n[adapter]\nr = 2\n\
         [train]\nbatch_size = 1\nmax_steps = 2\n[output]\ndir = {:?}\n",
        out.to_str().unwrap()
    );
    RunConfig::parse(&text, "run.toml", &fixture("peft/qwen2")).unwrap()
}

fn trainer(out: &Path) -> Trainer<TrainedModel> {
    let (config, model) = (config(out), fixture("peft/qwen2"));
    let trained = TrainedModel::new(open_model_by(Runtime::Wasm, &model).unwrap(), &config).unwrap();
    let tape = TokenTape::load(&model.join("tokens.json"), 1, 64, 1 << 20).unwrap();
    Trainer::new(config, trained, Box::new(tape)).unwrap()
}

/// A model with its tokenizer.
fn completing(folder: &Path) -> PathBuf {
    let model = folder.join("completing");
    fs::create_dir(&model).unwrap();
    for source in ["model", "bytes"] {
        for entry in fs::read_dir(fixture(&format!("special_tokens/{source}"))).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, model.join(path.file_name().unwrap())).unwrap();
        }
    }
    model
}

#[test]
fn a_session_trains_resumes_and_records_and_its_observer_may_call_the_store() {
    in_every_place(|folder| {
        let database = folder.join("runs.db").display().to_string();
        let plugins = registry(folder, Runtime::Wasm);
        let store = Arc::new(Store::open(&database).unwrap());
        let stop = Arc::new(AtomicBool::new(true));
        let session = Session {
            registry: &plugins,
            store: Arc::clone(&store),
            stop: Arc::clone(&stop),
            runtimes_chosen: true,
            memory: MemoryBudget::of_machine(),
        };
        let config = config(&folder.join("out"));
        let mut observer = |_: &Event| {
            store.list_runs(&Default::default(), 10).unwrap();
        };
        let stopped = session.train(&config, &Start::New, &mut observer).unwrap();
        assert!(matches!(stopped.outcome, TrainOutcome::Interrupted { .. }));
        stop.store(false, Ordering::SeqCst);
        let trained = session.train(&config, &Start::Resume(None), &mut observer).unwrap();
        assert!(matches!(trained.outcome, TrainOutcome::Completed(_)));
        drop((session, store));
        let store = Store::open(&database).unwrap();
        assert_eq!(store.get_run(&trained.run.to_string()).unwrap().status, RunStatus::Completed);
        assert_eq!(store.metrics(&trained.run, "train_loss").unwrap().len(), 2);
    });
}

#[test]
fn a_trainer_claims_trains_and_records() {
    in_every_place(|folder| {
        let store = Arc::new(Store::open(":memory:").unwrap());
        let saved = store.save_config(&NewConfig::new("toy", "rows", json!({}))).unwrap();
        let run = store.start_run(&NewRun::new(saved, "lora")).unwrap();
        let sink = RunMetrics::new(Arc::clone(&store), run.clone());
        let mut trainer = trainer(&folder.join("out")).with_metrics(Box::new(sink));
        trainer.claim_output().unwrap();
        assert!(trainer.resume().unwrap().is_none());
        assert!(matches!(trainer.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
        assert_eq!(store.metrics(&run, "train_loss").unwrap().len(), 2);
    });
}

#[test]
fn a_trainer_resumes_from_its_checkpoint() {
    in_every_place(|folder| {
        let out = folder.join("out");
        let mut stopped = trainer(&out).with_stop_flag(Arc::new(AtomicBool::new(true)));
        assert!(matches!(stopped.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Interrupted { .. }));
        drop(stopped);
        let mut trainer = trainer(&out);
        assert_eq!(trainer.resume().unwrap().unwrap().step, 0);
        assert!(matches!(trainer.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
    });
}

#[test]
fn a_model_is_audited() {
    in_every_place(|folder| {
        let config = config(&folder.join("out"));
        let model = fixture("peft/qwen2");
        let mut trained = TrainedModel::new(open_model_by(Runtime::Wasm, &model).unwrap(), &config).unwrap();
        let tape = TokenTape::load(&model.join("tokens.json"), 1, 64, 1 << 20).unwrap();
        audit(&mut trained, &tape, 0).unwrap();
    });
}

#[test]
fn a_model_is_created_opened_and_saved() {
    in_every_place(|folder| {
        let plugins = registry(folder, Runtime::Wasm);
        let config = ModelConfig::read(&fixture("peft/qwen2")).unwrap();
        let new = NewModel { config: &config, tokenizer: None, seed: 1, backend: None };
        let created = folder.join("model");
        let parameters = create_model(&plugins, &new, &created, MemoryBudget::of_machine()).unwrap();
        assert!(parameters > 0);
        let source = ModelSource { folder: &created, adapter: None, backend: None };
        let model = open_model(&plugins, &source, MemoryBudget::of_machine()).unwrap();
        model.save(&folder.join("saved")).unwrap();
        assert!(folder.join("saved/model.safetensors").is_file());
    });
}

#[test]
fn a_completer_completes() {
    in_every_place(|folder| {
        let plugins = registry(folder, Runtime::Wasm);
        let model = completing(folder);
        let source = ModelSource { folder: &model, adapter: None, backend: None };
        let mut completer = Completer::open(&plugins, &source, MemoryBudget::of_machine()).unwrap();
        let prompt = Prompt { prefix: "def", suffix: None };
        let request = CompletionRequest { prompt, max_new_tokens: 3, sampling: Sampling::default() };
        let mut on_text = |_: &str| ControlFlow::Continue(());
        let completion = completer.complete(&request, &mut on_text, &AtomicBool::new(false)).unwrap();
        assert!(!completion.tokens.is_empty());
    });
}
