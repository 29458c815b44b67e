//! A run starts with all that takes part in it, or not at all.

use super::*;
use crate::plugin::PluginIdentity;

fn plugin(version: &str) -> PluginIdentity {
    PluginIdentity { name: "a/b".into(), version: version.into(), carrier: "wasm".into(), digest: None }
}

fn rows(store: &Store, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    let read = store.read("test", async |connection| {
        Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(count.as_str())).fetch_one(connection).await?)
    });
    read.expect("counted")
}

#[test]
fn a_start_that_is_refused_leaves_nothing_and_its_name_free() {
    let (_folder, _, store) = file_store();
    let config = NewConfig::new("m", "d", json!({}));
    let dataset = NewDataset { name: "d".into(), manifest_digest: "0".repeat(64), ledger: json!({}) };
    let start = RunStart {
        config: &config,
        kind: "lora",
        name: Some("mine"),
        plugins: &[plugin("1")],
        dataset: Some(&dataset),
    };
    // The first is refused before the database is asked, the second by the database once the run is in it.
    let long = store.start_run_with(&RunStart { plugins: &[plugin(&"1".repeat(101))], ..start.clone() });
    let long = long.expect_err("a long version");
    assert!(matches!(&long, StoreError::Invalid(of) if of.field == "plugin_version of a/b"), "{long:?}");
    let two = store.start_run_with(&RunStart { plugins: &[plugin("1"), plugin("2")], ..start.clone() });
    assert!(matches!(two, Err(StoreError::Duplicate { .. })), "{two:?}");
    for table in ["run", "run_plugin", "run_dataset", "training_config", "dataset"] {
        assert_eq!(rows(&store, table), 0, "{table}");
    }

    let id = store.start_run_with(&start).expect("the name is free");
    let run = store.get_run("mine").expect("found");
    assert_eq!((run.id, run.status, run.model_type.as_str()), (id.clone(), RunStatus::Running, "m"));
    assert_eq!(store.plugins(&id).expect("read"), [plugin("1")]);
    assert_eq!(store.datasets(&id).expect("read")[0].values, dataset);
    assert!(matches!(store.start_run_with(&start), Err(StoreError::Duplicate { what: "run named", .. })));
}
