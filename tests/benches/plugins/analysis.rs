use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use codetune_core::plugin::{AnalyzerInstance, Runtime, SourceBatch};
use codetune_core::source::{Language, SourceFile};
use codetune_plugin_sdk::Captures;
use codetune_tests::{TestBatch, registry};
use serde_json::Map;

use crate::table::{Quantity, Table};

/// How much source text is analysed.
const CORPUS_BYTES: usize = 4 << 20;
/// How many files go into one call.
const BATCH: usize = 16;
/// How often each measurement is repeated. Both runtimes take turns, and each batch counts by its fastest round,
/// which other work on the machine disturbs least.
const ROUNDS: usize = 5;

/// How fast the first-party analyzers are in a sandbox, against the same source natively, on one core.
pub fn measure(table: &mut Table, folder: &Path) {
    let corpus = corpus();
    let bytes: usize = corpus.iter().map(|(_, text)| text.len()).sum();
    println!("analyzer throughput: {} Rust files, {} KiB", corpus.len(), bytes >> 10);
    let parsed: Vec<Arc<dyn SourceBatch>> = corpus.chunks(BATCH).map(batch).collect();
    for batch in &parsed {
        (0..batch.len()).for_each(|at| drop(batch.query(at, "(source_file) @all")));
    }
    let answered: Vec<Arc<dyn SourceBatch>> = parsed.iter().map(Answered::over).collect();
    let goal = Some(Quantity::Share(0.7));
    for plugin in ["codetune/metrics", "codetune/secrets"] {
        let [mut native, mut wasm] = [Runtime::Native, Runtime::Wasm].map(|c| analyzer(folder, plugin, c));
        compare(table, &format!("{plugin}, files parsed before"), bytes, goal, |in_sandbox| {
            analyze(if in_sandbox { &mut *wasm } else { &mut *native }, &parsed)
        });
        compare(table, &format!("{plugin}, files parsed and queried before"), bytes, None, |in_sandbox| {
            analyze(if in_sandbox { &mut *wasm } else { &mut *native }, &answered)
        });
    }
    let plugins = ["codetune/metrics", "codetune/secrets"];
    let mut both =
        [Runtime::Native, Runtime::Wasm].map(|c| plugins.map(|plugin| analyzer(folder, plugin, c)));
    compare(table, "both analyzers, with decoding and parsing", bytes, None, |in_sandbox| {
        let one = |files: &[(String, String)]| {
            let start = Instant::now();
            let batch = [batch(files)];
            for instance in &mut both[usize::from(in_sandbox)] {
                analyze(&mut **instance, &batch);
            }
            start.elapsed()
        };
        corpus.chunks(BATCH).map(one).collect()
    });
}

fn compare(
    table: &mut Table,
    figure: &str,
    bytes: usize,
    goal: Option<Quantity>,
    mut run: impl FnMut(bool) -> Vec<Duration>,
) {
    let mut fastest: [Vec<Duration>; 2] = Default::default();
    for _ in 0..ROUNDS {
        for in_sandbox in [false, true] {
            let kept = &mut fastest[usize::from(in_sandbox)];
            let times = run(in_sandbox);
            kept.resize(times.len(), Duration::MAX);
            kept.iter_mut().zip(times).for_each(|(kept, time)| *kept = time.min(*kept));
        }
    }
    let least = fastest.map(|times| times.iter().sum::<Duration>());
    let rate = |time: Duration| Quantity::Rate(bytes as f64 / 1e6 / time.as_secs_f64(), "MB");
    table.add(format!("{figure}: native"), rate(least[0]), None);
    table.add(format!("{figure}: WASM"), rate(least[1]), None);
    let share = Quantity::Share(least[0].as_secs_f64() / least[1].as_secs_f64());
    table.add(format!("{figure}: WASM against native"), share, goal);
}

fn analyzer(folder: &Path, plugin: &str, runtime: Runtime) -> Box<dyn AnalyzerInstance> {
    let plugin = registry(folder, runtime).ready(plugin).expect("it is ready");
    plugin.analyzer(&Map::new()).expect("an instance")
}

/// How long each batch takes.
fn analyze(instance: &mut dyn AnalyzerInstance, batches: &[Arc<dyn SourceBatch>]) -> Vec<Duration> {
    let one = |batch| {
        let start = Instant::now();
        let answers = instance.analyze(batch).expect("answers");
        let took = start.elapsed();
        assert!(answers.iter().all(Result::is_ok), "{:?}", answers.iter().find(|answer| answer.is_err()));
        took
    };
    batches.iter().map(one).collect()
}

fn batch(files: &[(String, String)]) -> Arc<dyn SourceBatch> {
    let file = |(path, text): &(String, String)| {
        SourceFile::from_bytes(path, Language::Rust, text.as_bytes()).expect("it is text")
    };
    TestBatch::of_files(files.iter().map(file).collect())
}

/// Real code: our own, and after it that of the dependencies where cargo keeps it on this machine.
fn corpus() -> Vec<(String, String)> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut roots = ["cli", "core", "plugin-sdk", "plugins", "tests"].map(|name| own.join(name)).to_vec();
    roots.extend(home.map(|home| home.join("registry/src")));
    let (mut files, mut bytes) = (Vec::new(), 0);
    for root in roots {
        collect(&root, &mut files, &mut bytes);
    }
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>, bytes: &mut usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if *bytes >= CORPUS_BYTES {
            return;
        }
        if path.is_dir() {
            collect(&path, files, bytes);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            // Files that a person wrote: neither empty nor a table that a program made.
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if (1..=256 << 10).contains(&text.len()) {
                *bytes += text.len();
                files.push((path.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
}

/// A batch that remembers what its queries found, which leaves a plugin's own work to be measured.
struct Answered {
    batch: Arc<dyn SourceBatch>,
    answers: Mutex<HashMap<(usize, String), Result<Captures, String>>>,
}

impl Answered {
    fn over(batch: &Arc<dyn SourceBatch>) -> Arc<dyn SourceBatch> {
        Arc::new(Answered { batch: Arc::clone(batch), answers: Mutex::default() })
    }
}

impl SourceBatch for Answered {
    fn len(&self) -> usize {
        self.batch.len()
    }

    fn path(&self, at: usize) -> &str {
        self.batch.path(at)
    }

    fn language(&self, at: usize) -> &str {
        self.batch.language(at)
    }

    fn text(&self, at: usize) -> Arc<str> {
        self.batch.text(at)
    }

    fn query(&self, at: usize, pattern: &str) -> Result<Captures, String> {
        let mut answers = self.answers.lock().expect("nothing panics here");
        let answer = answers.entry((at, pattern.to_owned()));
        answer.or_insert_with(|| self.batch.query(at, pattern)).clone()
    }
}
