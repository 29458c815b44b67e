use codetune_plugin::PluginIdentity;
use codetune_validate as v;
use time::{Duration, OffsetDateTime, UtcOffset};

use super::{super::timestamp, *};

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[test]
fn a_configuration_reads_back_as_it_was_saved_and_is_saved_once() {
    let store = Store::open(":memory:").expect("opened");
    let mut new = NewConfig::new("Qwen/Qwen2.5-Coder", "bigcode/the-stack", json!({"b": {"d": 1, "c": 2}}));
    new.settings = new.settings.with(&v::LORA_RANK, 8).with(&v::LORA_DROPOUT, 0.1);
    let id = store.save_config(&new).expect("saved");
    let read = store.config(id).expect("read");
    assert_eq!(read.values, new);
    assert_eq!(read.digest, digest_json(&json!({"b": {"c": 2, "d": 1}})));
    assert_eq!(store.save_config(&new).expect("again"), id);
    new.settings = new.settings.with(&v::BATCH_SIZE, 17);
    assert_ne!(store.save_config(&new).expect("another"), id);
}

#[test]
fn a_refused_value_is_apart_from_a_database_error() {
    let store = Store::open(":memory:").expect("opened");
    let mut new = NewConfig::new("m", "d", json!({}));
    new.settings = new.settings.with(&v::LEARNING_RATE, f64::NAN);
    let error = store.save_config(&new).expect_err("refused");
    assert!(
        matches!(&error, StoreError::Invalid(violation) if violation.field == "learning_rate"),
        "{error:?}"
    );
    let new = NewConfig { settings: Settings::default(), ..NewConfig::new("m", "d", json!({})) };
    let error = store.save_config(&new).expect_err("refused");
    assert!(matches!(&error, StoreError::Invalid(violation) if violation.field == "batch_size"), "{error:?}");
    let new = NewConfig::new("m", "data\n", json!({}));
    assert!(matches!(store.save_config(&new), Err(StoreError::Invalid(_))));
}

#[test]
fn times_come_back_in_utc_to_the_nanosecond_whatever_zone_they_were_in() {
    let zone = UtcOffset::from_hms(5, 30, 0).expect("a zone");
    let time = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).expect("a time");
    let text = timestamp::write("t", time.to_offset(zone)).expect("written");
    assert_eq!(text, "2023-11-14T22:13:20.123456789Z");
    let read = timestamp::read(&text).expect("read");
    assert_eq!((read, read.offset()), (time, UtcOffset::UTC));
}

#[test]
fn a_run_starts_and_ends_and_says_when_in_utc() {
    let (_folder, _, store) = file_store();
    let before = OffsetDateTime::now_utc();
    let id = run(&store);
    let running = store.get_run(id.as_str()).expect("found");
    assert_eq!((running.status, running.finished_at), (RunStatus::Running, None));
    assert!(running.started_at >= before && running.started_at.offset() == UtcOffset::UTC);
    store.finish_run(&id, &RunOutcome::Failed("out of memory".to_owned())).expect("finished");
    let failed = store.get_run(id.as_str()).expect("found");
    assert_eq!((failed.status, failed.error.as_deref()), (RunStatus::Failed, Some("out of memory")));
    assert!(failed.finished_at.expect("ended") >= failed.started_at);
    let again = store.finish_run(&id, &RunOutcome::Completed).expect_err("ended already");
    assert!(matches!(again, StoreError::State { status: "failed", .. }), "{again:?}");
}

#[test]
fn many_runs_in_one_second_are_all_kept_and_a_taken_name_is_named() {
    let store = Store::open(":memory:").expect("opened");
    let config = config(&store);
    let ids: std::collections::HashSet<_> =
        (0..200).map(|_| store.start_run(&NewRun::new(config, "lora")).expect("started")).collect();
    assert_eq!(ids.len(), 200);
    let named = NewRun { name: Some("best".to_owned()), ..NewRun::new(config, "lora") };
    store.start_run(&named).expect("started");
    let error = store.start_run(&named).expect_err("taken");
    assert!(matches!(&error, StoreError::Duplicate { name, .. } if name == "best"), "{error:?}");
}

#[test]
fn a_run_is_found_by_id_name_and_unique_prefix_only() {
    let store = Store::open(":memory:").expect("opened");
    let config = config(&store);
    let named = NewRun { name: Some("best".to_owned()), ..NewRun::new(config, "lora") };
    let (first, second) = (store.start_run(&named).expect("1"), run(&store));
    assert_eq!(store.get_run("best").expect("by name").id, first);
    assert_eq!(store.get_run(&second.as_str()[19..]).expect("by last part").id, second);
    let error = store.get_run(&first.as_str()[..4]).expect_err("both");
    assert!(matches!(&error, StoreError::Ambiguous { candidates, .. } if candidates.len() == 2), "{error:?}");
    for given in ["", "%", "none", "b\0est"] {
        assert!(matches!(store.get_run(given), Err(StoreError::NotFound { .. })), "{given:?}");
    }
}

#[test]
fn lists_newest_first_by_filter_up_to_the_limit() {
    let store = Store::open(":memory:").expect("opened");
    let (first, second, third) = (run(&store), run(&store), run(&store));
    store.finish_run(&second, &RunOutcome::Interrupted).expect("finished");
    let ids = |filter: &RunFilter, limit| -> Vec<RunId> {
        store.list_runs(filter, limit).expect("listed").into_iter().map(|run| run.id).collect()
    };
    assert_eq!(ids(&RunFilter::default(), 2), [third.clone(), second.clone()]);
    let running = RunFilter { status: Some(RunStatus::Running), ..RunFilter::default() };
    assert_eq!(ids(&running, 9), [third, first]);
    let other = RunFilter { model_type: Some("other".to_owned()), ..RunFilter::default() };
    assert!(ids(&other, 9).is_empty());
    let later = OffsetDateTime::now_utc() + Duration::HOUR;
    assert!(ids(&RunFilter { since: Some(later), ..RunFilter::default() }, 9).is_empty());
}

#[test]
fn metrics_are_recorded_entirely_or_not_at_all() {
    let store = Store::open(":memory:").expect("opened");
    let id = run(&store);
    let rows: Vec<_> = (0..1500).map(|step| row("train_loss", step, step as f64)).collect();
    store.append_metrics(&id, &[], &rows).expect("recorded");
    let read = store.metrics(&id, "train_loss").expect("read");
    assert_eq!((read.len(), read[1499].value), (1500, 1499.0));
    let overlap = [row("fresh", 1, 1.0), row("train_loss", 7, 1.0)];
    assert!(matches!(store.append_metrics(&id, &[], &overlap), Err(StoreError::Duplicate { .. })));
    assert!(store.metrics(&id, "fresh").expect("read").is_empty());
    let bad = [row("fresh", 1, 1.0), row("eval_loss", 7, f64::NAN)];
    assert!(matches!(store.append_metrics(&id, &[], &bad), Err(StoreError::Invalid(_))));
    store.append_metrics(&id, &[], &[row("fresh", 1, -1.0)]).expect("a key that a failure had rolled back");
    let latest = store.latest_metrics(&id).expect("read");
    let latest: Vec<_> = latest.iter().map(|at| (at.key.as_str(), at.step, at.value)).collect();
    assert_eq!(latest, [("fresh", 1, -1.0), ("train_loss", 1499, 1499.0)]);
}

#[test]
fn reopening_drops_what_came_after_the_step() {
    let store = Store::open(":memory:").expect("opened");
    let id = run(&store);
    let rows: Vec<_> = (0..10).map(|step| row("train_loss", step, 1.0)).collect();
    store.append_metrics(&id, &[epoch(0, 0), epoch(1, 8)], &rows).expect("recorded");
    store.finish_run(&id, &RunOutcome::Interrupted).expect("finished");
    assert_eq!(store.reopen_run(&id, 6).expect("reopened"), 3);
    let again = store.get_run(id.as_str()).expect("found");
    assert_eq!((again.status, again.finished_at), (RunStatus::Running, None));
    assert_eq!(store.metrics(&id, "train_loss").expect("read").len(), 7);
    assert_eq!(store.epochs(&id).expect("read").len(), 1);
    store.append_metrics(&id, &[], &[row("train_loss", 7, 0.5)]).expect("goes on");
}

#[test]
fn a_run_of_a_dead_process_is_marked_interrupted_and_a_live_one_is_not() {
    let store = Store::open(":memory:").expect("opened");
    let mut child = std::process::Command::new("true").spawn().expect("a process");
    let host = HostInfo { pid: child.id(), started_ticks: None, ..HostInfo::of_this_process() };
    child.wait().expect("ended");
    let dead = NewRun { host, ..NewRun::new(config(&store), "lora") };
    let (dead, _live) = (store.start_run(&dead).expect("started"), run(&store));
    let expected = if cfg!(target_os = "linux") { vec![dead] } else { Vec::new() };
    assert_eq!(store.interrupt_abandoned().expect("looked"), expected);
}

#[test]
fn deleting_a_run_leaves_no_orphans() {
    let (_folder, _, store) = file_store();
    let (id, other) = (run(&store), run(&store));
    for id in [&id, &other] {
        store.append_metrics(id, &[epoch(0, 0)], &[row("train_loss", 1, 1.0)]).expect("metrics");
        let artifact =
            NewArtifact { kind: "adapter".into(), path: "out/é".into(), bytes: 3, digest: DIGEST.into() };
        store.record_artifacts(id, std::slice::from_ref(&artifact)).expect("artifact");
        store.record_artifacts(id, std::slice::from_ref(&artifact)).expect("the same path again");
        assert_eq!(store.artifacts(id).expect("read")[0].values, artifact);
        let plugin = PluginIdentity {
            name: "codetune/metrics".into(),
            version: "0.1.0".into(),
            runtime: "wasm".into(),
            digest: Some(DIGEST.into()),
        };
        store.record_plugins(id, std::slice::from_ref(&plugin)).expect("plugin");
        store.record_plugins(id, std::slice::from_ref(&plugin)).expect("the same plugin again");
        assert_eq!(store.plugins(id).expect("read"), std::slice::from_ref(&plugin));
        let changed = PluginIdentity { version: "0.2.0".into(), ..plugin };
        assert!(matches!(store.record_plugins(id, &[changed]), Err(StoreError::Duplicate { .. })));
        let dataset =
            NewDataset { name: "d".into(), manifest_digest: DIGEST.into(), ledger: json!({"kept": 1}) };
        let dataset = store.save_dataset(&dataset).expect("dataset");
        store.link_dataset(id, dataset).expect("link");
        assert_eq!(store.datasets(id).expect("read")[0].values.ledger, json!({"kept": 1}));
    }
    let count = |table: &'static str| {
        let sql = format!("SELECT count(*) FROM {table}");
        store
            .read("test", async |connection| {
                let query = sqlx::query_as::<_, (i64,)>(sqlx::AssertSqlSafe(sql.as_str()));
                Ok(query.fetch_one(connection).await?.0)
            })
            .expect("counted")
    };
    let of_runs = ["run", "training_metric", "training_epoch", "artifact", "run_plugin", "run_dataset"];
    store.delete_run(&id).expect("deleted");
    assert_eq!(of_runs.map(count), [1; 6]);
    assert_eq!(count("training_config"), 1);
    store.delete_run(&other).expect("deleted");
    assert_eq!(of_runs.map(count), [0; 6]);
    assert_eq!(count("training_config"), 0);
    assert!(matches!(store.delete_run(&other), Err(StoreError::NotFound { .. })));
    let stale = store.append_metrics(&id, &[], &[row("train_loss", 2, 1.0)]);
    assert!(matches!(stale, Err(StoreError::NotFound { .. })));
}

#[test]
fn a_run_is_reported_whole_as_json() {
    let store = Store::open(":memory:").expect("opened");
    let id = run(&store);
    store.append_metrics(&id, &[], &[row("train_loss", 1, 2.5), row("train_loss", 2, 2.0)]).expect("metrics");
    let artifact = NewArtifact { kind: "adapter".into(), path: "/a".into(), bytes: 3, digest: DIGEST.into() };
    store.record_artifacts(&id, &[artifact]).expect("artifact");
    let plugin =
        PluginIdentity { name: "a/b".into(), version: "1".into(), runtime: "wasm".into(), digest: None };
    store.record_plugins(&id, &[plugin]).expect("plugin");
    let dataset =
        NewDataset { name: "d".into(), manifest_digest: DIGEST.into(), ledger: json!({ "input": 1 }) };
    store.link_dataset(&id, store.save_dataset(&dataset).expect("saved")).expect("linked");
    store.finish_run(&id, &RunOutcome::Completed).expect("finished");
    let found = store.get_run(id.as_str()).expect("found");
    let config = store.config(found.config).expect("read");
    let details = serde_json::to_value(store.details(found.clone()).expect("read")).expect("JSON");
    let expected = json!({
        "id": id.as_str(),
        "name": found.name,
        "kind": found.kind,
        "status": "completed",
        "model_type": found.model_type,
        "dataset_name": found.dataset_name,
        "started_at": to_the_second(found.started_at),
        "finished_at": found.finished_at.map(to_the_second),
        "error": null,
        "host": found.host,
        "latest": { "train_loss": { "step": 2, "value": 2.0 } },
        "config": config.values.run_config,
        "config_digest": config.digest,
        "metrics": { "train_loss": [[1, 2.5], [2, 2.0]] },
        "plugins": [{ "name": "a/b", "version": "1", "runtime": "wasm", "digest": null }],
        "artifacts": [{ "kind": "adapter", "path": "/a", "bytes": 3, "digest": DIGEST }],
        "datasets": [{ "name": "d", "manifest_digest": DIGEST, "ledger": { "input": 1 } }],
    });
    assert_eq!(details, expected);
    // The order of the keys too: this is what `runs show --json` prints.
    assert_eq!(details.to_string(), expected.to_string());
    let mut summary = expected;
    let keys = ["config", "config_digest", "metrics", "plugins", "artifacts", "datasets"];
    keys.iter().for_each(|key| drop(summary.as_object_mut().and_then(|all| all.shift_remove(*key))));
    let read = serde_json::to_value(store.summary(found).expect("read")).expect("JSON");
    assert_eq!(read, summary);
}

#[test]
fn times_are_shown_to_the_second_in_utc() {
    let time = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_999_999_999).expect("a time");
    assert_eq!(to_the_second(time), "2023-11-14T22:13:20Z");
}
