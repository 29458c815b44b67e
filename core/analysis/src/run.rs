use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use codetune_source::{self as source, DiscoverOptions, FileEntry, Inputs, SkipReason, Skipped, SourceFile};
use rayon::prelude::*;

use super::analysis_error::AnalysisError;
use super::analysis_report::Analysis;
use super::analyzer_pool::AnalyzerPool;
use super::assemble::Shared;
use super::cache::{AnswerKey, decode, encode};
use super::file_analysis::FileAnalysis;
use super::options::AnalysisOptions;
use super::outcome::Outcome;
use super::progress::AnalysisProgress;
use super::summary::AnalysisSummary;
use super::used_analyzer::UsedAnalyzer;

/// Maximum number of threads.
const MOST_JOBS: usize = 1024;

/// Maximum number of files in a window. Files are loaded, looked up and stored by windows to limit memory. Tests have
/// several windows without thousands of files.
const WINDOW_FILES: usize = if cfg!(test) { 16 } else { 8_192 };

/// Maximum bytes of the files in a window.
const WINDOW_BYTES: u64 = 64 << 20;

/// Maximum number of files that a thread takes at a time; their trees stay in memory until all of them are done.
const CHUNK_FILES: usize = 32;

/// Maximum bytes of the files that a thread takes at a time.
const CHUNK_BYTES: u64 = 512 << 10;

/// Analyzes the files of a directory or of several inputs.
///
/// Reads the files selected by the options, and for analyzers that read every text also all others, unless the options
/// disable that. Every file is in the result: in `files`, with an error for each analyzer that failed, or in `skipped`
/// with the reason, sorted by path. `progress` is called from any thread. Setting `stop` ends queries and makes the run
/// fail; finished results stay in the cache.
///
/// # Errors
/// [`AnalysisError`]; faults of a single file are part of the result.
#[tracing::instrument(skip_all)]
pub fn analyze(
    inputs: impl Into<Inputs>,
    options: &AnalysisOptions,
    progress: &(dyn Fn(AnalysisProgress) + Sync),
    stop: &Arc<AtomicBool>,
) -> Result<Analysis, AnalysisError> {
    if options.jobs > MOST_JOBS {
        return Err(AnalysisError::Jobs { given: options.jobs, most: MOST_JOBS });
    }
    let analyzers = AnalyzerPool::prepare(&options.analyzers)?;
    let used = AnalyzerPool::used(&analyzers);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs).build();
    let pool = pool.map_err(|error| AnalysisError::Threads(error.to_string()))?;
    let every_text = options.discover.every_text
        || !options.only_discovered && used.iter().any(UsedAnalyzer::wants_all_text);
    let found = source::discover(inputs, &DiscoverOptions { every_text, ..options.discover.clone() })?;
    let bytes = found.files.iter().map(|file| file.bytes).sum();
    analyzers.iter().for_each(|analyzer| analyzer.expect(found.files.len(), bytes));
    let run = Run {
        options,
        analyzers: &analyzers,
        shared: used.iter().map(Shared::of).collect(),
        tally: Tally::new(&found.files, progress),
        stop,
    };

    let mut files = Vec::with_capacity(found.files.len());
    let mut skipped = found.skipped;
    let (mut cached_answers, mut fresh_answers) = (0, 0);
    // The next window is read and looked up, and results are stored, while a window is analyzed.
    std::thread::scope(|scope| {
        let (prepare, prepared) = sync_channel(0);
        scope.spawn(|| {
            let prepare = prepare;
            for window in windows(&found.files) {
                let window = run.prepare(window, &pool);
                let last = window.is_err();
                if prepare.send(window).is_err() || last {
                    return;
                }
            }
        });
        let store = options.cache.as_ref().map(|cache| {
            let (store, to_store) = sync_channel::<Vec<(AnswerKey, Vec<u8>)>>(1);
            scope.spawn(move || to_store.iter().for_each(|answers| cache.put(&answers)));
            store
        });
        for window in prepared {
            let done = run.window(window?, &pool);
            if let Some(store) = &store {
                // The receiver ends after the sender, unless the cache panics, which then ends this run.
                let _ = store.send(done.to_store);
            }
            if let Some(error) = analyzers.iter().find_map(AnalyzerPool::refused_options) {
                return Err(AnalysisError::Options(error.clone()));
            }
            if done.unfinished {
                return Err(AnalysisError::Stopped);
            }
            files.extend(done.files);
            skipped.extend(done.skipped);
            cached_answers += done.cached;
            fresh_answers += done.fresh;
        }
        Ok(())
    })?;
    // A stopped call looks like a failed one, so the last window may look complete without being so.
    if stop.load(Ordering::Relaxed) {
        return Err(AnalysisError::Stopped);
    }
    for (analyzer, used) in analyzers.iter().zip(&used) {
        // Which results came before the limit depends on threads, so none of them count.
        if let Some(fault) = analyzer.said_too_much() {
            files.iter_mut().for_each(|file| file.retract(used, fault));
        }
    }
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    let summary = AnalysisSummary::of(&files, &skipped, found.hidden, &used);
    let mut warnings = found.warnings;
    warnings.extend(AnalyzerPool::odd_languages(&analyzers));
    Ok(Analysis {
        root: found.root,
        scope: found.scope,
        files,
        skipped,
        summary,
        analyzers: used,
        warnings,
        cached_answers,
        fresh_answers,
    })
}

/// State shared by all windows.
struct Run<'a> {
    options: &'a AnalysisOptions,
    analyzers: &'a [AnalyzerPool],
    shared: Vec<Shared>,
    tally: Tally<'a>,
    stop: &'a Arc<AtomicBool>,
}

/// Files that were read, with their cached results, and those that could not be read.
#[derive(Default)]
struct Window {
    pending: Vec<Pending>,
    skipped: Vec<Skipped>,
}

/// A file and its cached results.
struct Pending {
    file: Arc<SourceFile>,
    /// Its size as discovered, for the progress.
    bytes: u64,
    asked: Vec<Asked>,
}

/// An analyzer that asked for a file.
struct Asked {
    analyzer: usize,
    key: AnswerKey,
    outcome: Option<Outcome>,
}

/// The results of a window or a part of it.
#[derive(Default)]
struct Done {
    files: Vec<FileAnalysis>,
    skipped: Vec<Skipped>,
    to_store: Vec<(AnswerKey, Vec<u8>)>,
    cached: u64,
    fresh: u64,
    unfinished: bool,
}

impl Run<'_> {
    /// Reads a window of files and looks up their results in the cache.
    fn prepare(&self, entries: &[FileEntry], pool: &rayon::ThreadPool) -> Result<Window, AnalysisError> {
        let mut window = Window::default();
        let loaded: Vec<_> = pool.install(|| entries.par_iter().map(|entry| self.load(entry)).collect());
        for (entry, loaded) in entries.iter().zip(loaded) {
            match loaded {
                Some(Ok(file)) => window.pending.push(file),
                Some(Err(reason)) => window.skipped.push(Skipped::entry(entry, reason)),
                None => return Err(AnalysisError::Stopped),
            }
        }
        if let Some(cache) = &self.options.cache {
            let asked = window.pending.iter().flat_map(|file| &file.asked);
            let keys: Vec<AnswerKey> = asked.map(|asked| asked.key).collect();
            let stored = cache.get(&keys);
            pool.install(|| {
                window.pending.par_iter_mut().flat_map_iter(|file| &mut file.asked).for_each(|asked| {
                    asked.outcome = stored.get(&asked.key).and_then(|value| decode(&asked.key, value));
                });
            });
        }
        Ok(window)
    }

    fn window(&self, window: Window, pool: &rayon::ThreadPool) -> Done {
        let mut done = Done { skipped: window.skipped, ..Done::default() };
        let chunks = chunks(window.pending, pool.current_num_threads());
        let parts: Vec<Done> =
            pool.install(|| chunks.into_par_iter().map(|chunk| self.chunk(chunk)).collect());
        for part in parts {
            done.files.extend(part.files);
            done.to_store.extend(part.to_store);
            done.cached += part.cached;
            done.fresh += part.fresh;
            done.unfinished |= part.unfinished;
        }
        done
    }

    /// `None` if stopped.
    fn load(&self, entry: &FileEntry) -> Option<Result<Pending, SkipReason>> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let file = match source::load(entry, &self.options.discover) {
            Ok(file) => Arc::new(file),
            Err(reason) => {
                self.tally.add(1, entry.bytes);
                return Some(Err(reason));
            }
        };
        let wanting =
            self.analyzers.iter().enumerate().filter(|(_, a)| a.wants(file.language(), entry.extra));
        let asked = wanting.map(|(analyzer, a)| Asked { analyzer, key: a.keys().key(&file), outcome: None });
        Some(Ok(Pending { asked: asked.collect(), bytes: entry.bytes, file }))
    }

    /// Runs the analyzers whose results are not cached, and assembles the files.
    fn chunk(&self, mut chunk: Vec<Pending>) -> Done {
        let mut done = Done::default();
        for (number, analyzer) in self.analyzers.iter().enumerate() {
            let is_missing = |asked: &Asked| asked.analyzer == number && asked.outcome.is_none();
            let missing = |file: &&Pending| file.asked.iter().any(is_missing);
            let files: Vec<Arc<SourceFile>> =
                chunk.iter().filter(missing).map(|file| Arc::clone(&file.file)).collect();
            if files.is_empty() {
                continue;
            }
            let (Some(given), Some(manifest)) = (analyzer.run(&files, self.stop), analyzer.manifest()) else {
                return Done { unfinished: true, files: Vec::new(), ..done };
            };
            let asked = chunk.iter_mut().filter_map(|file| {
                let source = Arc::clone(&file.file);
                file.asked.iter_mut().find(|asked| is_missing(asked)).map(|asked| (source, asked))
            });
            for ((source, asked), given) in asked.zip(given) {
                let outcome = match given.report {
                    Ok(report) => Outcome::of_report(report, manifest, source.lines()),
                    Err(error) => Outcome::of_fault(&error.fault),
                };
                if given.lasting
                    && self.options.cache.is_some()
                    && let Some(value) = encode(&asked.key, &outcome)
                {
                    done.to_store.push((asked.key, value));
                }
                asked.outcome = Some(outcome);
                done.fresh += 1;
            }
        }
        let (count, bytes) = (chunk.len(), chunk.iter().map(|file| file.bytes).sum());
        let answers: usize = chunk.iter().map(|file| file.asked.len()).sum();
        done.cached = (answers as u64).saturating_sub(done.fresh);
        for Pending { file, asked, .. } in chunk {
            let outcomes = asked.into_iter().filter_map(|asked| {
                let analyzer = self.analyzers.get(asked.analyzer)?;
                Some((self.shared.get(asked.analyzer)?, analyzer.keep(asked.outcome?)))
            });
            done.files.push(FileAnalysis::assemble(&file, outcomes, self.options));
        }
        self.tally.add(count, bytes);
        done
    }
}

/// Reports progress.
struct Tally<'a> {
    files: AtomicUsize,
    bytes: std::sync::atomic::AtomicU64,
    total: AnalysisProgress,
    tell: &'a (dyn Fn(AnalysisProgress) + Sync),
}

impl<'a> Tally<'a> {
    fn new(files: &[FileEntry], tell: &'a (dyn Fn(AnalysisProgress) + Sync)) -> Self {
        let total_bytes = files.iter().map(|file| file.bytes).sum();
        let total = AnalysisProgress { total_files: files.len(), total_bytes, ..AnalysisProgress::default() };
        tell(total);
        Tally { files: AtomicUsize::new(0), bytes: Default::default(), total, tell }
    }

    fn add(&self, files: usize, bytes: u64) {
        let files = self.files.fetch_add(files, Ordering::Relaxed) + files;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.tell)(AnalysisProgress { files, bytes, ..self.total });
    }
}

/// Splits the files into windows.
fn windows(mut files: &[FileEntry]) -> impl Iterator<Item = &[FileEntry]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |file: &&FileEntry| {
            bytes += file.bytes;
            bytes <= WINDOW_BYTES
        };
        let count = files.iter().take(WINDOW_FILES).take_while(fits).count().max(1);
        let (window, rest) = files.split_at_checked(count)?;
        files = rest;
        Some(window)
    })
}

/// Splits a window into parts for threads, small enough that every thread gets several.
fn chunks(pending: Vec<Pending>, threads: usize) -> Vec<Vec<Pending>> {
    let most = (pending.len() / (threads * 4).max(1)).clamp(1, CHUNK_FILES);
    let mut chunks: Vec<Vec<Pending>> = Vec::new();
    let mut bytes = 0;
    for file in pending {
        bytes += file.bytes;
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < most && bytes <= CHUNK_BYTES => chunk.push(file),
            _ => {
                bytes = file.bytes;
                chunks.push(vec![file]);
            }
        }
    }
    chunks
}
