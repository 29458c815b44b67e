//! What an analysis of many small files costs, without the cache, with an empty one and with a full one.
//!
//! `cargo bench -p codetune-tests --bench many_files -- [FILES]` makes that many files (default 20,000) and prints time,
//! files per second and, on Linux, memory: what the result keeps, and the peak of the process. Nothing is asserted.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use codetune_core::analysis::{AnalysisOptions, AnswerCache, Selected, analyze};
use codetune_core::plugin::Runtime;
use codetune_core::store::AnalysisCache;
use codetune_tests::registry;

const DEFAULT_FILES: usize = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let number = arguments.iter().find_map(|argument| argument.parse().ok());
    let number = number.unwrap_or(DEFAULT_FILES);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let files = folder.path().join("files");
    make(&files, number);
    let registry = registry(folder.path(), Runtime::Builtin);
    let analyzers = ["codetune/metrics", "codetune/secrets"];
    let analyzers = analyzers.map(|name| Selected::new(registry.ready(name).expect("it is ready"))).to_vec();
    let cache: Arc<dyn AnswerCache> =
        Arc::new(AnalysisCache::open(&folder.path().join("cache")).expect("a cache"));
    println!("{number} files, {} threads", std::thread::available_parallelism().map_or(1, usize::from));
    let caches = [("no cache", None), ("empty cache", Some(&cache)), ("full cache", Some(&cache))];
    for (name, cache) in caches {
        let options = AnalysisOptions {
            analyzers: analyzers.clone(),
            cache: cache.cloned(),
            keep_found_text: true,
            ..AnalysisOptions::default()
        };
        let before = memory("VmRSS");
        let start = Instant::now();
        let analysis = analyze(&*files, &options, &|_| {}, &Arc::default()).expect("an analysis");
        let seconds = start.elapsed().as_secs_f64();
        let kept = memory("VmRSS").zip(before).map(|(after, before)| after.saturating_sub(before));
        assert_eq!(analysis.files.len(), number, "every file is in the result");
        println!(
            "{name:>12}: {seconds:6.2} s, {:7.0} files/s, {} of {} answers from the cache, \
             {} kept for each file, peak {}",
            number as f64 / seconds,
            analysis.cached_answers,
            analysis.cached_answers + analysis.fresh_answers,
            kept.map_or_else(|| "?".to_owned(), |kept| format!("{} B", kept / number as u64)),
            memory("VmHWM").map_or_else(|| "?".to_owned(), |peak| format!("{} MiB", peak >> 20)),
        );
    }
}

/// Files of one function each in four languages.
fn make(folder: &Path, number: usize) {
    for at in 0..number {
        let directory = folder.join(format!("{:04}", at / 500));
        if at % 500 == 0 {
            fs::create_dir_all(&directory).expect("a directory");
        }
        let (extension, text) = match at % 4 {
            0 => ("py", format!("def f{at}(a):\n    if a:\n        return {at}\n    return a\n")),
            1 => ("rs", format!("fn f{at}(a: u32) -> u32 {{\n    if a > 1 {{ {at} }} else {{ a }}\n}}\n")),
            2 => ("js", format!("function f{at}(a) {{\n  return a ? {at} : a;\n}}\n")),
            _ => ("go", format!("package p\n\nfunc F{at}(a int) int {{\n\treturn a + {at}\n}}\n")),
        };
        fs::write(directory.join(format!("f{at}.{extension}")), text).expect("a file");
    }
}

/// A line of `/proc/self/status`, in bytes; `None` where there is none.
fn memory(line: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    Some(kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
