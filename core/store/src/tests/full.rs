//! A database that has no room, or may not be written.

use super::*;
use codetune_validate::Whole;

/// Lets the database grow by so many pages and no more.
fn limit(store: &Store, more: i64) {
    let limited = store.read("test", async |connection| {
        let (pages,): (i64,) = sqlx::query_as("PRAGMA page_count").fetch_one(&mut *connection).await?;
        let limit = format!("PRAGMA max_page_count = {}", pages + more);
        sqlx::query(sqlx::AssertSqlSafe(limit.as_str())).execute(connection).await?;
        Ok(())
    });
    limited.expect("limited");
}

#[test]
fn a_full_database_says_so_in_plain_words_and_keeps_what_it_has() {
    let (_folder, path, store) = file_store();
    let id = run(&store);
    store.append_metrics(&id, &[epoch(0, 1)], &[row("train_loss", 1, 2.5)]).expect("recorded");
    limit(&store, 1);
    let rows: Vec<_> = (2..20_000).map(|step| row("train_loss", step, 0.5)).collect();
    let error = store.append_metrics(&id, &[epoch(1, 2)], &rows).expect_err("full");
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    let told = error.whole();
    let expected = format!("{path}: no space is left while recording metrics; free some on that disk, or");
    assert!(told.starts_with(&expected), "{told}");
    for internal in ["code", "error returned", "sqlx", "SQLITE"] {
        assert!(!told.contains(internal), "{told}");
    }
    assert_eq!(store.metrics(&id, "train_loss").expect("read").len(), 1);
    assert_eq!(
        store.epochs(&id).expect("read").len(),
        1,
        "an epoch is recorded with its metrics or not at all"
    );

    limit(&store, 10_000);
    store.append_metrics(&id, &[epoch(1, 2)], &rows).expect("there is room again");
    assert_eq!(store.epochs(&id).expect("read").len(), 2);
}

#[test]
fn an_error_that_has_no_words_of_its_own_has_those_of_sqlite_alone() {
    let store = Store::open(":memory:").expect("opened");
    let error = store
        .read("testing", async |connection| {
            Ok(sqlx::query("SELECT missing").execute(connection).await.map(drop)?)
        })
        .expect_err("there is no such column");
    assert_eq!(error.whole(), "in-memory database: testing failed: no such column: missing");
}
