use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use codetune_plugin::name::{Meaning, meaning};
use codetune_plugin::{AnalyzerInstance, AnalyzerManifest, CallError, Fault, Plugin, SourceBatch};
use codetune_plugin_sdk::{Error, Report};
use codetune_source::{Language, QueryAllowance, SourceFile};
use serde_json::{Map, Value};

use super::analysis_error::AnalysisError;
use super::batch::FileBatch;
use super::cache_key::KeyBase;
use super::options::Selected;
use super::outcome::Outcome;
use super::patience::Patience;
use super::used_analyzer::UsedAnalyzer;

/// The most files of one call. A crossing costs little beside a file, and a smaller batch loses less to a fault.
const BATCH_FILES: usize = 32;

/// Batches grow no further once a call takes so long, so that little is lost to a fault in a slow one.
const CALL_TIME: Duration = Duration::from_secs(1);

/// What is kept of an analyzer's answers in any run, in bytes as its output limit counts them; for each file of
/// the run; and for each byte of the files. Our own metrics give 1 KiB for a tiny file, and twice their size for
/// dense ones.
const SAID_AT_LEAST: u64 = 64 << 20;
const SAID_PER_FILE: u64 = 16 << 10;
const SAID_PER_BYTE: u64 = 32;

/// Instances that wait for the next files, of all analyzers together. The sandbox has places for 256 at least, and
/// those at work need some.
const IDLE_INSTANCES: usize = 128;

/// An analyzer of a run with the instances it has, made when they are first needed, one for each thread that
/// needs one at the same time.
pub(super) struct AnalyzerPool {
    plugin: Arc<Plugin>,
    options: Map<String, Value>,
    keys: KeyBase,
    idle: Mutex<Vec<Box<dyn AnalyzerInstance>>>,
    /// How many instances may wait for the next files.
    most_idle: usize,
    /// Why it is asked no more.
    given_up: OnceLock<CallError>,
    patience: Patience,
    queries: Arc<QueryAllowance>,
    /// Bytes of the answers that are kept, and the most there may be.
    said: AtomicU64,
    most_said: AtomicU64,
}

/// What an analyzer gave for one file.
pub(super) struct Given {
    pub(super) report: Result<Report, CallError>,
    /// Whether it would give the same again, on any day and any machine, so that it may be cached.
    pub(super) lasting: bool,
}

impl AnalyzerPool {
    /// Checks the selected plugins and their options, and puts them in the order of their names.
    ///
    /// # Errors
    /// [`AnalysisError::NoAnalyzer`], [`AnalysisError::SelectedTwice`] or [`AnalysisError::Options`].
    pub(super) fn prepare(selected: &[Selected]) -> Result<Vec<Self>, AnalysisError> {
        let mut analyzers = Vec::with_capacity(selected.len());
        let most_idle = IDLE_INSTANCES / selected.len().max(1);
        for Selected { plugin, options } in selected {
            if plugin.manifest().analyzer.is_none() {
                return Err(AnalysisError::NoAnalyzer { plugin: plugin.manifest().name.clone() });
            }
            let resolved = plugin.resolve_config(options).map_err(AnalysisError::Options)?;
            analyzers.push(AnalyzerPool {
                keys: KeyBase::new(plugin, &resolved),
                plugin: Arc::clone(plugin),
                options: resolved,
                idle: Mutex::new(Vec::new()),
                most_idle,
                given_up: OnceLock::new(),
                patience: Patience::default(),
                queries: Arc::default(),
                said: AtomicU64::new(0),
                most_said: AtomicU64::new(u64::MAX),
            });
        }
        analyzers.sort_by(|a, b| a.name().cmp(b.name()));
        match analyzers.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
            Some(pair) => Err(AnalysisError::SelectedTwice { plugin: pair[0].name().to_owned() }),
            None => Ok(analyzers),
        }
    }

    /// What the result says of the analyzers.
    pub(super) fn used(analyzers: &[AnalyzerPool]) -> Vec<UsedAnalyzer> {
        let key = |analyzer: &AnalyzerPool| {
            let short = analyzer.plugin.manifest().short_name();
            let meant = meaning(short, analyzers.iter().map(AnalyzerPool::name));
            let is_meant = meant == Meaning::One(analyzer.name()) && !analyzer.plugin.is_shadowed();
            if is_meant { short.to_owned() } else { analyzer.name().to_owned() }
        };
        let used = |analyzer: &AnalyzerPool| UsedAnalyzer {
            key: key(analyzer),
            manifest: analyzer.plugin.manifest().clone(),
            digest: analyzer.plugin.digest(),
            runtime: analyzer.plugin.runtime(),
        };
        analyzers.iter().map(used).collect()
    }

    /// Names the languages that analyzers ask for and no file has, as such an analyzer may never run.
    pub(super) fn odd_languages(analyzers: &[AnalyzerPool]) -> Vec<String> {
        let asked = analyzers.iter().filter_map(|analyzer| Some((analyzer.name(), analyzer.manifest()?)));
        let asked = asked.flat_map(|(name, manifest)| manifest.languages.iter().map(move |id| (name, id)));
        let odd = asked.filter_map(|(name, id)| Some((name, id, id.parse::<Language>().err()?)));
        let odd = odd.filter(|(_, id, _)| *id != "*");
        odd.map(|(name, _, error)| format!("plugin {name}: {error}")).collect()
    }

    pub(super) fn name(&self) -> &str {
        &self.plugin.manifest().name
    }

    pub(super) fn keys(&self) -> &KeyBase {
        &self.keys
    }

    /// What it declares; `None` never happens after [`AnalyzerPool::prepare`].
    pub(super) fn manifest(&self) -> Option<&AnalyzerManifest> {
        self.plugin.manifest().analyzer.as_ref()
    }

    pub(super) fn wants(&self, language: Language, extra: bool) -> bool {
        self.manifest().is_some_and(|manifest| manifest.wants(language.id(), extra))
    }

    /// The analyzer's own word that its options cannot be used, where it gave it.
    pub(super) fn refused_options(&self) -> Option<&CallError> {
        self.given_up.get().filter(|error| matches!(error.fault, Fault::Said(Error::InvalidConfig(_))))
    }

    /// Analyses files: one answer for each, in order, or `None` when asked to stop.
    ///
    /// Batches grow from one file as long as all goes well, so that an analyzer which always fails is found
    /// out by a single file. A call that fails as a whole spends its instance, and its files go one by one.
    /// A fault is a file's own only when it happens to that file alone in a new instance: what an analyzer
    /// says must not depend on the files before.
    pub(super) fn run(&self, files: &[Arc<SourceFile>], stop: &Arc<AtomicBool>) -> Option<Vec<Given>> {
        let mut given: Vec<Given> = Vec::with_capacity(files.len());
        let mut held: Option<Box<dyn AnalyzerInstance>> = None;
        let mut size = if self.patience.has_answered() { BATCH_FILES } else { 1 };
        let mut one_by_one_until = 0;
        let mut new_wanted = false;
        while let Some(rest) = files.get(given.len()..).filter(|rest| !rest.is_empty()) {
            if stop.load(Ordering::Relaxed) || self.refused_options().is_some() {
                return None;
            }
            let (mut instance, new) = match self.instance(held.take(), new_wanted) {
                Ok(made) => made,
                Err(error) => {
                    // A reason that lies in the plugin or the machine, not in the file.
                    given.extend(rest.iter().map(|_| Given { report: Err(error.clone()), lasting: false }));
                    continue;
                }
            };
            if given.len() < one_by_one_until {
                size = 1;
            }
            let now = rest.get(..size).unwrap_or(rest);
            let batch = Arc::new(FileBatch::new(now, &self.queries, stop));
            let shared: Arc<dyn SourceBatch> = Arc::clone(&batch) as _;
            let started = Instant::now();
            let answers = instance.analyze(&shared).and_then(|answers| {
                let count = format!("{} answers for {} files", answers.len(), now.len());
                let complete = answers.len() == now.len();
                if complete { Ok(answers) } else { Err(Fault::Invalid(count).of(self.name())) }
            });
            let took = started.elapsed();
            match answers {
                Ok(answers) => {
                    self.patience.answered(now.len(), took);
                    let kept = |(at, report): (usize, Result<Report, CallError>)| Given {
                        lasting: self.is_lasting(&report) && !batch.hurried(at),
                        report,
                    };
                    given.extend(answers.into_iter().enumerate().map(kept));
                    held = Some(instance);
                    new_wanted = false;
                    size = if took < CALL_TIME { (size * 2).min(BATCH_FILES) } else { size.div_ceil(2) };
                }
                Err(error) => {
                    one_by_one_until = one_by_one_until.max(given.len() + now.len());
                    new_wanted = true;
                    let alone = now.len() == 1 && new;
                    self.count_timeout(&error, took, alone);
                    if alone {
                        let report = Err(error);
                        let lasting = self.is_lasting(&report) && !batch.hurried(0);
                        given.push(Given { report, lasting });
                    }
                }
            }
        }
        if let Some(instance) = held {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < self.most_idle {
                idle.push(instance);
            }
        }
        Some(given)
    }

    /// An instance, and whether it is new.
    fn instance(
        &self,
        held: Option<Box<dyn AnalyzerInstance>>,
        new_wanted: bool,
    ) -> Result<(Box<dyn AnalyzerInstance>, bool), CallError> {
        if let Some(error) = self.given_up.get() {
            return Err(error.clone());
        }
        if !new_wanted {
            let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            if let Some(instance) = held.or_else(idle) {
                return Ok((instance, false));
            }
        }
        let made = self.plugin.analyzer(&self.options);
        made.map(|instance| (instance, true)).map_err(|error| self.given_up.get_or_init(|| error).clone())
    }

    /// Gives the analyzer up where its time-outs cost more than it gives.
    fn count_timeout(&self, error: &CallError, took: Duration, alone: bool) {
        if error.fault.is_timeout()
            && let Some(lost) = self.patience.timed_out(took, alone)
        {
            let name = self.name();
            let text = format!(
                "given up for this run: {} s were lost to files on which it {}, or leave it out with --disable {name}",
                lost.as_secs(),
                error.fault
            );
            self.given_up.get_or_init(|| Fault::Unavailable(text).of(name));
        }
    }

    /// Sets how much of what it says is kept, for a run over so many files and bytes.
    pub(super) fn expect(&self, files: usize, bytes: u64) {
        let of_files = SAID_PER_FILE.saturating_mul(files as u64);
        let most = SAID_AT_LEAST.saturating_add(of_files).saturating_add(bytes.saturating_mul(SAID_PER_BYTE));
        self.most_said.store(most, Ordering::Relaxed);
    }

    /// Counts an answer that is to be kept, new or from the cache. An analyzer that says too much in all is given
    /// up, and then nothing of it is kept.
    pub(super) fn keep(&self, outcome: Outcome) -> Outcome {
        let before = self.said.fetch_add(outcome.bytes(), Ordering::Relaxed);
        let most = self.most_said.load(Ordering::Relaxed);
        if before.saturating_add(outcome.bytes()) > most {
            let fault = Fault::SaidTooMuch { limit_mib: most >> 20 };
            self.given_up.get_or_init(|| fault.of(self.name()));
        }
        match self.said_too_much() {
            Some(fault) => Outcome::of_fault(fault),
            None => outcome,
        }
    }

    /// The fault of an analyzer that said too much in all of the run.
    pub(super) fn said_too_much(&self) -> Option<&Fault> {
        let error = self.given_up.get()?;
        Some(&error.fault).filter(|fault| matches!(fault, Fault::SaidTooMuch { .. }))
    }

    fn is_lasting(&self, report: &Result<Report, CallError>) -> bool {
        match report.as_ref().map_err(|error| &error.fault) {
            Ok(_) => true,
            Err(
                Fault::Said(Error::Cancelled)
                | Fault::TimedOut(_)
                | Fault::HostTimedOut(_)
                | Fault::SaidTooMuch { .. }
                | Fault::Stopped
                | Fault::Unavailable(_)
                | Fault::Machine(_)
                // Of native code alone, which may panic for reasons of the day; a sandbox has neither clock nor
                // threads.
                | Fault::Panicked(_),
            ) => false,
            Err(
                Fault::Said(_)
                | Fault::Trapped(_)
                | Fault::OutOfMemory { .. }
                | Fault::TooMuchOutput { .. }
                | Fault::Invalid(_),
            ) => true,
        }
    }
}
