use codetune_validate::Whole;
use tokio::runtime::Builder;

use super::*;

/// More than one statement takes.
fn answers() -> Vec<(AnswerKey, Vec<u8>)> {
    let answer = |number: u32| (*blake3::hash(&number.to_le_bytes()).as_bytes(), number.to_string().into());
    (0..1_234).map(answer).collect()
}

/// What the cache of a folder has of [`answers`].
fn kept(folder: &Path) -> HashMap<AnswerKey, Vec<u8>> {
    let keys: Vec<AnswerKey> = answers().into_iter().map(|(key, _)| key).collect();
    AnalysisCache::open(folder).unwrap().get(&keys)
}

#[test]
fn what_was_put_is_there_the_next_time_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let cache = AnalysisCache::open(folder.path()).unwrap();
    assert!(cache.get(&[[7; 32]]).is_empty());
    cache.put(&answers());
    drop(cache);
    assert_eq!(kept(folder.path()), answers().into_iter().collect());
    let cache = AnalysisCache::open(folder.path()).unwrap();
    let (key, _) = answers()[3];
    cache.put(&[(key, b"anew".to_vec())]);
    assert_eq!(cache.get(&[key, [7; 32]]), HashMap::from([(key, b"anew".to_vec())]));
}

#[test]
fn a_file_that_is_no_database_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("analysis.sqlite"), "this is no database".repeat(1000)).unwrap();
    AnalysisCache::open(folder.path()).unwrap().put(&answers());
    assert_eq!(kept(folder.path()).len(), answers().len());
}

#[test]
fn a_file_of_another_layout_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("analysis.sqlite");
    wait(async || {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    })
    .unwrap();
    AnalysisCache::open(folder.path()).unwrap().put(&answers());
    assert_eq!(kept(folder.path()).len(), answers().len());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let error = AnalysisCache::open(&folder.path().join("file/cache")).unwrap_err().whole();
    assert!(error.contains("analysis.sqlite") && error.contains("go without"), "{error}");
}

#[test]
fn it_is_opened_used_and_closed_in_async_code() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let folder = tempfile::tempdir().unwrap();
        let runtime = builder.build().unwrap();
        runtime.block_on(async { AnalysisCache::open(folder.path()).unwrap().put(&answers()) });
        let found = runtime.block_on(async { kept(folder.path()) });
        assert_eq!(found.len(), answers().len());
    }
}
