use std::sync::Arc;

use codetune_plugin::Plugin;
use codetune_source::DiscoverOptions;
use serde_json::{Map, Value};

use super::cache::AnswerCache;

/// A selected analyzer with its options.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The analyzer.
    pub plugin: Arc<Plugin>,
    /// Its options by name; missing ones have their defaults.
    pub options: Map<String, Value>,
}

impl Selected {
    /// Selects an analyzer with default options.
    pub fn new(plugin: Arc<Plugin>) -> Self {
        Selected { plugin, options: Map::new() }
    }
}

/// Options of an analysis.
#[derive(Debug, Clone, Default)]
pub struct AnalysisOptions {
    /// The analyzers, in any order.
    pub analyzers: Vec<Selected>,
    /// The files.
    pub discover: DiscoverOptions,
    /// Reads only these files, even if an analyzer reads every text. For datasets, in which each file becomes a
    /// document.
    pub only_discovered: bool,
    /// The cache of results; without one, nothing is cached.
    pub cache: Option<Arc<dyn AnswerCache>>,
    /// Number of threads; 0 uses all cores.
    pub jobs: usize,
    /// Keeps the text of each file in its [`FileAnalysis`](super::FileAnalysis), to build a dataset. Otherwise, texts
    /// are dropped as soon as a file is done.
    pub keep_text: bool,
    /// Keeps the text of files with findings, for excerpts and fingerprints.
    pub keep_found_text: bool,
}
