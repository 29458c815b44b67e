mod answers;
mod sarif;
mod the_cache;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use codetune_source::{DiscoverOptions, Inputs};

use super::test_plugin::plugin;
use super::*;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn probe() -> AnalysisOptions {
    AnalysisOptions { analyzers: vec![Selected::new(plugin("test/probe"))], jobs: 2, ..Default::default() }
}

fn run(root: &Path, options: &AnalysisOptions) -> Analysis {
    analyze(root, options, &|_| {}, &Arc::default()).unwrap()
}

fn file<'a>(analysis: &'a Analysis, path: &str) -> &'a FileAnalysis {
    analysis.files.iter().find(|file| file.path == path).unwrap()
}

fn json(analysis: &Analysis) -> String {
    serde_json::to_string_pretty(analysis).unwrap()
}

/// Two hundred files, some of which make the analyzer fail.
fn mixed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..200 {
        let text = match number % 40 {
            7 => "# do: panic\n".to_owned(),
            19 => "# do: refuse\n".to_owned(),
            23 => "# do: bad span\n".to_owned(),
            31 => "# do: fail unless first\n".to_owned(),
            _ => format!("def f{number}():\n    call({number})  # TODO\n"),
        };
        std::fs::write(folder.path().join(format!("f{number}.py")), text).unwrap();
    }
    folder
}
