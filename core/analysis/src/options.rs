use std::sync::Arc;

use codetune_plugin::Plugin;
use codetune_source::DiscoverOptions;
use serde_json::{Map, Value};

use super::AnswerCache;

/// An analyzer that takes part, with its options.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The analyzer.
    pub plugin: Arc<Plugin>,
    /// Its options, by the names of its manifest; what is left out has its default.
    pub options: Map<String, Value>,
}

impl Selected {
    /// An analyzer with default options.
    pub fn new(plugin: Arc<Plugin>) -> Self {
        Selected { plugin, options: Map::new() }
    }
}

/// What to analyse, with what, and what to keep.
#[derive(Debug, Clone, Default)]
pub struct AnalysisOptions {
    /// The analyzers, in any order.
    pub analyzers: Vec<Selected>,
    /// Which files.
    pub discover: DiscoverOptions,
    /// Reads no other files than those, also where an analyzer has to see every text; as for a dataset, where
    /// each file becomes a document.
    pub only_discovered: bool,
    /// Where results are kept between runs; none are without it.
    pub cache: Option<Arc<dyn AnswerCache>>,
    /// How many threads; 0 for one on each core.
    pub jobs: usize,
    /// Keeps the text of each file in its [`FileAnalysis`](super::FileAnalysis), which building a dataset
    /// needs. Without it a text is dropped as soon as its file is done.
    pub keep_text: bool,
    /// Keeps the text of each file with findings, which excerpts and fingerprints need.
    pub keep_found_text: bool,
}
