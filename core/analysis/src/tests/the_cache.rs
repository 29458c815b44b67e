use std::sync::atomic::Ordering;

use super::*;

fn cached(directory: &Path) -> AnalysisOptions {
    AnalysisOptions { cache: Some(AnalysisCache::open(directory).unwrap()), ..probe() }
}

#[test]
fn gives_the_same_analysis_errors_included() {
    let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
    let first = run(folder.path(), &cached(kept.path()));
    let second = run(folder.path(), &cached(kept.path()));
    assert_eq!((first.cached_answers, first.fresh_answers), (0, 200));
    // Native panics, and nothing else, are tried again.
    assert_eq!((second.cached_answers, second.fresh_answers), (195, 5));
    assert_eq!(first.files, second.files);
    assert_eq!(json(&first), json(&second));
    assert_eq!(json(&first), json(&run(folder.path(), &probe())));
}

#[test]
fn misses_when_an_option_changes_and_hits_when_a_default_is_written_out() {
    let (folder, kept) = (tree(&[("a.py", "TODO LATER\n")]), tempfile::tempdir().unwrap());
    let mut options = cached(kept.path());
    run(folder.path(), &options);
    options.analyzers[0].options.insert("word".into(), "TODO".into());
    assert_eq!(run(folder.path(), &options).fresh_answers, 0);
    options.analyzers[0].options.insert("word".into(), "LATER".into());
    let changed = run(folder.path(), &options);
    assert_eq!((changed.fresh_answers, changed.files[0].findings[0].start), (1, 5));
}

#[test]
fn misses_when_content_or_path_or_analyzer_changes() {
    let (folder, kept) = (tree(&[("a.py", "# do: refuse\n")]), tempfile::tempdir().unwrap());
    let mut options = cached(kept.path());
    run(folder.path(), &options);
    std::fs::rename(folder.path().join("a.py"), folder.path().join("b.py")).unwrap();
    let moved = run(folder.path(), &options);
    assert!(moved.files[0].errors[0].message.contains("b.py says so"));
    std::fs::write(folder.path().join("b.py"), "# do: refuse it\n").unwrap();
    assert_eq!(run(folder.path(), &options).fresh_answers, 1);
    options.analyzers = vec![Selected::new(plugin("another/probe"))];
    assert_eq!(run(folder.path(), &options).fresh_answers, 1);
}

#[test]
fn keeps_what_was_done_before_a_stop() {
    let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
    let options = AnalysisOptions { jobs: 1, ..cached(kept.path()) };
    let stop = Arc::new(AtomicBool::new(false));
    let after_some = |progress: Progress| {
        if progress.files > 0 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let error = analyze(folder.path(), &options, &after_some, &stop).unwrap_err();
    assert!(matches!(error, AnalysisError::Stopped), "{error}");
    let again = run(folder.path(), &options);
    assert!(again.cached_answers > 0 && again.fresh_answers > 0);
    assert_eq!(json(&again), json(&run(folder.path(), &probe())));
}

#[test]
fn that_is_no_database_is_begun_anew() {
    let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
    std::fs::write(kept.path().join("analysis.sqlite"), "this is no database".repeat(1000)).unwrap();
    run(folder.path(), &cached(kept.path()));
    assert_eq!(run(folder.path(), &cached(kept.path())).cached_answers, 195);
}

#[test]
fn damaged_in_the_middle_gives_no_wrong_answer() {
    let (folder, kept) = (mixed(), tempfile::tempdir().unwrap());
    let first = run(folder.path(), &cached(kept.path()));
    let path = kept.path().join("analysis.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let from = bytes.len() / 3;
    bytes[from..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
    std::fs::write(&path, bytes).unwrap();
    let second = run(folder.path(), &cached(kept.path()));
    assert_eq!(json(&first), json(&second));
    run(folder.path(), &cached(kept.path()));
    assert_eq!(json(&first), json(&run(folder.path(), &cached(kept.path()))));
}

#[test]
fn of_another_layout_is_begun_anew() {
    let (folder, kept) = (tree(&[("a.py", "x\n")]), tempfile::tempdir().unwrap());
    let path = kept.path().join("analysis.sqlite");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("PRAGMA user_version = 99").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    run(folder.path(), &cached(kept.path()));
    assert_eq!(run(folder.path(), &cached(kept.path())).cached_answers, 1);
}

#[test]
fn works_when_called_from_async_code() {
    let (folder, kept) = (tree(&[("a.py", "x\n")]), tempfile::tempdir().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { run(folder.path(), &cached(kept.path())) });
    assert_eq!(run(folder.path(), &cached(kept.path())).cached_answers, 1);
}

#[test]
fn in_a_folder_that_cannot_be_made_is_an_error() {
    let folder = tree(&[("file", "x")]);
    let error = AnalysisCache::open(&folder.path().join("file/cache")).unwrap_err().to_string();
    assert!(error.contains("analysis.sqlite") && error.contains("go without"), "{error}");
}

#[test]
fn takes_only_what_it_stored_for_the_very_key() {
    use super::super::cache::{decode, encode};
    use super::super::outcome::Outcome;
    let outcome = Outcome::Fault { code: "c".into(), message: "m".into() };
    let mut stored = encode(&[1; 32], &outcome).unwrap();
    assert_eq!(decode(&[1; 32], &stored), Some(outcome));
    assert_eq!(decode(&[2; 32], &stored), None);
    *stored.last_mut().unwrap() ^= 1;
    assert_eq!(decode(&[1; 32], &stored), None);
    assert_eq!(decode(&[1; 32], b"short"), None);
}
