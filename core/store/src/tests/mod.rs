mod bounds;
mod full;
mod opening;
mod records;
mod starting;

use serde_json::json;

use super::*;

/// A store in a file of its own, which goes with the folder.
fn file_store() -> (tempfile::TempDir, String, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db").display().to_string();
    let store = Store::open(&path).expect("a new store");
    (folder, path, store)
}

fn config(store: &Store) -> ConfigId {
    store.save_config(&NewConfig::new("Qwen/Qwen2.5", "org/data", json!({"a": 1}))).expect("saved")
}

fn run(store: &Store) -> RunId {
    store.start_run(&NewRun::new(config(store), "lora")).expect("started")
}

fn row(key: &str, step: u64, value: f64) -> MetricRow<'_> {
    MetricRow { key, step, value }
}

fn epoch(epoch: u64, first_step: u64) -> Epoch {
    Epoch { epoch, first_step, started_at: time::OffsetDateTime::now_utc() }
}
