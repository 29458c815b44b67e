//! A run starts with all that takes part in it, or not at all.

use codetune_plugin::PluginIdentity;
use codetune_validate::EPOCHS;

use super::*;

fn plugin(version: &str) -> PluginIdentity {
    PluginIdentity { name: "a/b".into(), version: version.into(), runtime: "wasm".into(), digest: None }
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
        output: None,
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

/// A run that is configured to write to that folder.
fn named(store: &Store, name: &str, output: &str) -> Result<RunId, StoreError> {
    let config = NewConfig::new("m", "d", json!({ "run": { "output": { "dir": output } } }));
    store.start_run_with(&RunStart {
        config: &config,
        kind: "lora",
        name: Some(name),
        output: Some(output),
        plugins: &[],
        dataset: None,
    })
}

#[test]
fn a_run_that_ended_before_its_first_step_gives_its_name_to_the_next_in_its_folder() {
    let store = Store::open(":memory:").expect("opened");
    let taken = |name, output| matches!(named(&store, name, output), Err(StoreError::Duplicate { .. }));
    let first = named(&store, "mine", "/out").expect("started");
    assert!(taken("mine", "/out"), "it is at work");
    assert_eq!(store.unstarted("/out").expect("looked"), None);
    store.finish_run(&first, &RunOutcome::Interrupted).expect("killed");
    assert_eq!(store.unstarted("/out").expect("looked").map(|run| run.id), Some(first.clone()));
    assert!(taken("mine", "/other"), "what is in the other folder is not known");

    let second = named(&store, "mine", "/out").expect("the name is free");
    assert_eq!(store.get_run("mine").expect("found").id, second);
    let before = store.get_run(first.as_str()).expect("its record is kept");
    assert_eq!((before.name, before.status), (None, RunStatus::Interrupted));

    store.append_metrics(&second, &[], &[row("train_loss", 1, 2.0)]).expect("a step");
    store.finish_run(&second, &RunOutcome::Interrupted).expect("killed");
    assert!(taken("mine", "/out"), "it has something to go on from");
    assert_eq!(store.unstarted("/out").expect("looked").map(|run| run.id), Some(first));
}

#[test]
fn a_run_that_is_extended_changes_its_configuration_and_leaves_no_orphan() {
    let store = Store::open(":memory:").expect("opened");
    let id = run(&store);
    let mut longer = NewConfig::new("Qwen/Qwen2.5", "org/data", json!({"a": 2}));
    longer.settings = longer.settings.with(&EPOCHS, 9);
    store.change_config(&id, &longer).expect("changed");
    let now = store.config(store.get_run(id.as_str()).expect("found").config).expect("read");
    assert_eq!(now.values, longer);
    assert_eq!(rows(&store, "training_config"), 1);
    store.change_config(&id, &longer).expect("the same again");
    assert_eq!(rows(&store, "training_config"), 1);
}
