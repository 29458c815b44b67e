use codetune_validate::Whole;
use std::{fs, thread};

use codetune_validate as v;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::*;

#[test]
fn keeps_what_was_recorded_when_opened_again() {
    let (_folder, path, store) = file_store();
    let id = run(&store);
    store.append_metrics(&id, &[], &[row("train_loss", 1, 2.5)]).expect("recorded");
    drop(store);
    let store = Store::open(&format!("sqlite://{path}")).expect("opened again");
    assert_eq!(store.metrics(&id, "train_loss").expect("read"), [MetricPoint { step: 1, value: 2.5 }]);
}

#[test]
fn a_url_of_another_database_is_refused_with_its_password_hidden() {
    for url in ["postgres://ann:s3cret@db/x", "postgresql://ann:s3@cr/et@db/x", "mysql://ann:s3cret@db"] {
        let error = Store::open(url).expect_err("refused");
        assert!(matches!(error, StoreError::UnsupportedScheme { .. }), "{error}");
        for text in [error.whole(), format!("{error:?}")] {
            assert!(!text.contains("s3") && !text.contains("cret"), "{text}");
            assert!(text.contains("ann:***@db"), "{text}");
        }
        assert!(error.whole().contains("stores in SQLite"), "{error}");
    }
}

#[test]
fn a_place_that_can_hold_no_store_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display().to_string();
    for place in ["", "sqlite:x.db?mode=ro", "file:x.db", "a\nb", &here, &format!("{here}/none/x.db")] {
        assert!(matches!(Store::open(place), Err(StoreError::Location { .. })), "{place:?}");
    }
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db");
    let content = b"this is no database, but somebody's notes ".repeat(100);
    fs::write(&path, &content).expect("written");
    let error = Store::open(&path.display().to_string()).expect_err("refused");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.whole().contains("runs.db") && error.whole().contains("move it aside"), "{error}");
    assert_eq!(fs::read(&path).expect("still there"), content);
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is() {
    let (_folder, path, store) = file_store();
    let id = run(&store);
    let rows: Vec<_> = (0..5000).map(|step| row("x", step, 0.5)).collect();
    store.append_metrics(&id, &[], &rows).expect("recorded");
    drop(store);
    let mut content = fs::read(&path).expect("read");
    let (from, to) = (4096, content.len() - 4096);
    content[from..to].fill(0xa5);
    fs::write(&path, &content).expect("written");
    assert!(matches!(Store::open(&path), Err(StoreError::Corrupt { .. })));
    assert_eq!(fs::read(&path).expect("still there"), content);
    fs::write(&path, &content[..content.len() / 2]).expect("truncated");
    assert!(matches!(Store::open(&path), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_database_of_a_newer_build_is_refused() {
    let (_folder, path, store) = file_store();
    store
        .write("test", async |connection, _| {
            let insert =
                "INSERT INTO _sqlx_migrations VALUES (9000, 'later', CURRENT_TIMESTAMP, TRUE, x'00', 0)";
            sqlx::query(insert).execute(connection).await?;
            Ok(())
        })
        .expect("written");
    drop(store);
    let error = Store::open(&path).expect_err("refused");
    assert!(matches!(error, StoreError::Newer { found: 9000, known: 4, .. }), "{error:?}");
    assert!(error.whole().contains("upgrade codetune"), "{error}");
}

#[test]
fn a_database_of_another_application_is_refused_and_gains_no_table() {
    let (_folder, path, store) = file_store();
    store
        .write("test", async |connection, _| {
            sqlx::query("PRAGMA application_id = 7").execute(connection).await?;
            Ok(())
        })
        .expect("written");
    drop(store);
    assert!(matches!(Store::open(&path), Err(StoreError::Foreign { .. })));
}

#[test]
fn two_handles_open_and_write_the_same_new_file_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db").display().to_string();
    let work = || {
        let store = Store::open(&path).expect("opened");
        for _ in 0..20 {
            let id = run(&store);
            store
                .append_metrics(&id, &[], &[row("train_loss", 0, 1.0), row("own", 0, 1.0)])
                .expect("recorded");
            store.finish_run(&id, &RunOutcome::Completed).expect("finished");
        }
    };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(work);
        }
    });
    let store = Store::open(&path).expect("opened");
    assert_eq!(store.list_runs(&RunFilter::default(), 1000).expect("listed").len(), 60);
}

#[test]
fn a_database_of_the_first_schema_is_brought_up_with_all_that_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runs.db").display().to_string();
    let by_epochs = json!({"run": {"train": {"epochs": 4}}});
    let by_steps = json!({"run": {"train": {"epochs": null, "max_steps": 9}}});
    let other = json!({"a": 1});
    let statements = [&by_epochs, &by_steps, &other].map(|run_config| {
        let epochs = if run_config == &by_epochs { 4 } else { 1 };
        format!(
            "INSERT INTO training_config (model_type, dataset_name, batch_size, learning_rate, epochs, \
             max_seq_length, max_position_embeddings, warmup_steps, amphigory_ratio, seed, lora_rank, lora_alpha, \
             weight_decay, run_config, digest, created_at) VALUES \
             ('m', 'd', 1, 0.30000000000000004, {epochs}, 9000, 9001, 0, 0, {}, 8, 1e-5, 1, '{run_config}', '{}', \
             '2026-01-01T00:00:00.000000000Z')",
            i64::MAX,
            "0".repeat(64)
        )
    });
    let host = json!(HostInfo::of_this_process());
    let run = format!(
        "INSERT INTO run (id, config_id, kind, status, started_at, finished_at, host) VALUES \
         ('20260101-000000000-00000000', 2, 'lora', 'completed', '2026-01-01T00:00:00.000000000Z', \
         '2026-01-01T00:00:00.000000000Z', '{host}')"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("connected");
        super::super::schema::MIGRATIONS
            .run_direct(Some(1), &mut connection, false)
            .await
            .expect("the first");
        let plugin = "INSERT INTO run_plugin VALUES (1, 'a/b', 'wasm', '1', NULL)";
        for statement in statements.iter().map(String::as_str).chain([run.as_str(), plugin]) {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.expect("a row");
        }
        connection.close().await.expect("closed");
    });

    let store = Store::open(&path).expect("brought up");
    let settings = [1, 2, 3].map(|id| store.config(ConfigId(id)).expect("a configuration").values.settings);
    let expected = |epochs: Option<i64>| {
        Settings::default()
            .with(&v::BATCH_SIZE, 1)
            .with(&v::LEARNING_RATE, 0.1 + 0.2)
            .with_some(&v::EPOCHS, epochs)
            .with(&v::MAX_SEQ_LENGTH, 9000)
            .with(&v::MAX_POSITION_EMBEDDINGS, 9001)
            .with(&v::WARMUP_STEPS, 0)
            .with(&v::AMPHIGORY_RATIO, 0.0)
            .with(&v::SEED, i64::MAX)
            .with(&v::LORA_RANK, 8)
            .with(&v::LORA_ALPHA, 1e-5)
            .with(&v::WEIGHT_DECAY, 1.0)
    };
    assert_eq!(settings, [Some(4), None, Some(1)].map(expected));
    let columns = store.read("test", async |connection| {
        let all =
            "SELECT batch_size, learning_rate, max_seq_length, seed, lora_alpha, beta1 FROM training_config";
        type Row = (i64, f64, i64, i64, f64, Option<f64>);
        Ok(sqlx::query_as::<_, Row>(all).fetch_all(connection).await?)
    });
    assert_eq!(columns.expect("read"), [(1, 0.1 + 0.2, 9000, i64::MAX, 1e-5, None); 3]);
    let runs = store.list_runs(&RunFilter::default(), 10).expect("listed");
    assert_eq!(runs.len(), 1);
    let plugins = store.plugins(&runs[0].id).expect("read");
    let runtimes: Vec<&str> = plugins.iter().map(|plugin| plugin.runtime.as_str()).collect();
    assert_eq!(runtimes, ["wasm"]);
}

#[test]
fn every_migration_on_disk_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
    assert_eq!(
        fs::read_dir(folder).expect("migrations").count(),
        super::super::schema::MIGRATIONS.iter().count()
    );
}
