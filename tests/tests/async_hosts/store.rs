use std::path::Path;
use std::sync::Arc;
use std::thread;

use codetune_core::analysis::{AnswerCache, AnswerKey};
use codetune_core::plugin::{PluginIdentity, Runtime};
use codetune_core::store::{
    AnalysisCache, Epoch, MetricRow, NewArtifact, NewConfig, NewDataset, NewRun, RunFilter, RunId,
    RunOutcome, RunStart, RunStatus, Store,
};
use codetune_tests::registry;
use serde_json::json;
use tokio::runtime::Builder;

use crate::in_every_place;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn store(folder: &Path) -> Store {
    Store::open(&folder.join("runs.db").display().to_string()).unwrap()
}

fn config() -> NewConfig {
    NewConfig::new("toy", "rows", json!({}))
}

fn started(store: &Store) -> RunId {
    store.start_run(&NewRun::new(store.save_config(&config()).unwrap(), "lora")).unwrap()
}

#[test]
fn a_store_opens_and_opens_again() {
    in_every_place(|folder| {
        let run = started(&store(folder));
        let again = store(folder);
        assert_eq!(again.get_run(&run.to_string()).unwrap().status, RunStatus::Running);
        assert!(Store::open("postgres://host/runs").is_err());
        assert!(Store::open(&folder.join("missing/runs.db").display().to_string()).is_err());
    });
}

#[test]
fn runs_start_end_and_go() {
    in_every_place(|folder| {
        let store = store(folder);
        let run = started(&store);
        assert!(store.interrupt_abandoned().unwrap().is_empty());
        store.finish_run(&run, &RunOutcome::Interrupted).unwrap();
        assert_eq!(store.reopen_run(&run, 0).unwrap(), 0);
        store.change_config(&run, &NewConfig::new("toy", "others", json!({"a": 1}))).unwrap();
        assert!(store.unstarted("runs/none").unwrap().is_none());
        store.finish_run(&run, &RunOutcome::Completed).unwrap();
        let found = store.list_runs(&RunFilter::default(), 10).unwrap().remove(0);
        assert_eq!((found.status, found.dataset_name.as_str()), (RunStatus::Completed, "others"));
        let configured = store.config(found.config).unwrap();
        assert_eq!(configured.values.run_config, json!({"a": 1}));
        store.delete_run(&run).unwrap();
        assert!(store.get_run(&run.to_string()).is_err());
    });
}

#[test]
fn what_a_run_has_is_recorded_and_read() {
    in_every_place(|folder| {
        let store = store(folder);
        let plugin = registry(folder, Runtime::Builtin).ready("codetune/metrics").unwrap().identity();
        let dataset = NewDataset { name: "code".into(), manifest_digest: DIGEST.into(), ledger: json!({}) };
        let plugins: &[PluginIdentity] = std::slice::from_ref(&plugin);
        let (config, dataset) = (config(), Some(&dataset));
        let start =
            RunStart { config: &config, kind: "lora", name: Some("one"), output: None, plugins, dataset };
        let run = store.start_run_with(&start).unwrap();
        let other = started(&store);
        store.record_plugins(&other, plugins).unwrap();
        assert_eq!(store.plugins(&other).unwrap(), store.plugins(&run).unwrap());
        let id = store.save_dataset(dataset.unwrap()).unwrap();
        store.link_dataset(&other, id).unwrap();
        assert_eq!(store.datasets(&other).unwrap(), store.datasets(&run).unwrap());
        let artifact = |kind: &str| NewArtifact {
            kind: kind.into(),
            path: format!("{kind}.bin"),
            bytes: 1,
            digest: DIGEST.into(),
        };
        store.record_artifacts(&run, &[artifact("adapter"), artifact("model")]).unwrap();
        assert_eq!(store.artifacts(&run).unwrap().len(), 2);
        let details = store.details(store.get_run("one").unwrap()).unwrap();
        assert_eq!(details.artifacts.len(), 2);
    });
}

#[test]
fn metrics_are_recorded_and_read() {
    in_every_place(|folder| {
        let store = store(folder);
        let run = started(&store);
        let epoch = Epoch {
            epoch: 0,
            first_step: 1,
            started_at: store.get_run(&run.to_string()).unwrap().started_at,
        };
        let rows = [1, 2].map(|step| MetricRow { key: "train_loss", step, value: 0.5 });
        store.append_metrics(&run, &[epoch], &rows).unwrap();
        assert_eq!(store.metrics(&run, "train_loss").unwrap().len(), 2);
        assert_eq!(store.latest_metrics(&run).unwrap()[0].step, 2);
        assert_eq!(store.epochs(&run).unwrap(), [epoch]);
        let summary = store.summary(store.get_run(&run.to_string()).unwrap()).unwrap();
        assert_eq!(summary.run.id, run);
    });
}

#[test]
fn tasks_and_threads_that_share_a_store_take_turns() {
    for workers in [1, 4] {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(store(folder.path()));
        let run = started(&store);
        let write = |from: u64| {
            let (store, run) = (Arc::clone(&store), run.clone());
            move || {
                for step in from..from + 10 {
                    let row = MetricRow { key: "train_loss", step, value: 0.5 };
                    store.append_metrics(&run, &[], &[row]).unwrap();
                    store.latest_metrics(&run).unwrap();
                }
            }
        };
        let runtime = Builder::new_multi_thread().worker_threads(workers).build().unwrap();
        runtime.block_on(async {
            let outside = thread::spawn(write(1000));
            let mut tasks: Vec<_> = (0..4).map(|task| runtime.spawn_blocking(write(task * 10))).collect();
            for task in 4..8 {
                let write = write(task * 10);
                tasks.push(runtime.spawn(async move { write() }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            outside.join().unwrap();
        });
        assert_eq!(store.metrics(&run, "train_loss").unwrap().len(), 90);
    }
}

#[test]
fn an_analysis_cache_keeps_and_finds_and_closes() {
    in_every_place(|folder| {
        let key: AnswerKey = [7; 32];
        AnalysisCache::open(folder).unwrap().put(&[(key, vec![1, 2, 3])]);
        let found = AnalysisCache::open(folder).unwrap().get(&[key]);
        assert_eq!(found.get(&key), Some(&vec![1, 2, 3]));
        std::fs::write(folder.join("file"), "").unwrap();
        assert!(AnalysisCache::open(&folder.join("file")).is_err());
    });
}
