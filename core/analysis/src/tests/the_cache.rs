use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::*;

/// Keeps answers in memory, and gives back a byte that is wrong where it was told to.
#[derive(Debug, Default)]
struct Memory {
    answers: Mutex<HashMap<AnswerKey, Vec<u8>>>,
    damaged: AtomicBool,
}

impl AnswerCache for Memory {
    fn get(&self, keys: &[AnswerKey]) -> HashMap<AnswerKey, Vec<u8>> {
        let answers = self.answers.lock().unwrap();
        let mut found: HashMap<_, _> =
            keys.iter().filter_map(|key| answers.get(key).map(|bytes| (*key, bytes.clone()))).collect();
        if self.damaged.load(Ordering::Relaxed) {
            found.values_mut().filter_map(|bytes| bytes.last_mut()).for_each(|byte| *byte ^= 0x55);
        }
        found
    }

    fn put(&self, answers: &[(AnswerKey, Vec<u8>)]) {
        self.answers.lock().unwrap().extend(answers.iter().cloned());
    }
}

fn cached(cache: &Arc<Memory>) -> AnalysisOptions {
    AnalysisOptions { cache: Some(Arc::<Memory>::clone(cache)), ..probe() }
}

#[test]
fn gives_the_same_analysis_errors_included() {
    let (folder, kept) = (mixed(), Arc::<Memory>::default());
    let first = run(folder.path(), &cached(&kept));
    let second = run(folder.path(), &cached(&kept));
    assert_eq!((first.cached_answers, first.fresh_answers), (0, 200));
    // Native panics, and nothing else, are tried again.
    assert_eq!((second.cached_answers, second.fresh_answers), (195, 5));
    assert_eq!(first.files, second.files);
    assert_eq!(json(&first), json(&second));
    assert_eq!(json(&first), json(&run(folder.path(), &probe())));
}

#[test]
fn misses_when_an_option_changes_and_hits_when_a_default_is_written_out() {
    let (folder, kept) = (tree(&[("a.py", "TODO LATER\n")]), Arc::<Memory>::default());
    let mut options = cached(&kept);
    run(folder.path(), &options);
    options.analyzers[0].options.insert("word".into(), "TODO".into());
    assert_eq!(run(folder.path(), &options).fresh_answers, 0);
    options.analyzers[0].options.insert("word".into(), "LATER".into());
    let changed = run(folder.path(), &options);
    assert_eq!((changed.fresh_answers, changed.files[0].findings[0].start), (1, 5));
}

#[test]
fn misses_when_content_or_path_or_analyzer_changes() {
    let (folder, kept) = (tree(&[("a.py", "# do: refuse\n")]), Arc::<Memory>::default());
    let mut options = cached(&kept);
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
    let (folder, kept) = (mixed(), Arc::<Memory>::default());
    let options = AnalysisOptions { jobs: 1, ..cached(&kept) };
    let stop = Arc::new(AtomicBool::new(false));
    let after_some = |progress: AnalysisProgress| {
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

/// A call that is stopped fails like one that times out, so a run must not end well because it has no more files.
#[test]
fn is_no_reason_to_end_well_when_stopped_during_the_last_file() {
    let folder = mixed();
    let stop = Arc::new(AtomicBool::new(false));
    let at_the_end = |progress: AnalysisProgress| {
        if progress.files == progress.total_files {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let error = analyze(folder.path(), &probe(), &at_the_end, &stop).unwrap_err();
    assert!(matches!(error, AnalysisError::Stopped), "{error}");
}

#[test]
fn that_gives_wrong_bytes_gives_no_wrong_answer() {
    let (folder, kept) = (mixed(), Arc::<Memory>::default());
    let first = run(folder.path(), &cached(&kept));
    kept.damaged.store(true, Ordering::Relaxed);
    let second = run(folder.path(), &cached(&kept));
    assert_eq!((second.cached_answers, second.fresh_answers), (0, 200));
    assert_eq!(json(&first), json(&second));
}
