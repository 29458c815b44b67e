use codetune_plugin::CallError;
use codetune_source::SourceError;

/// Why there is no analysis at all. What goes wrong with one file is a
/// [`FileError`](super::FileError) or a skipped file instead.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// Nothing can be discovered.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The options of an analyzer are refused, by its manifest or by the analyzer itself.
    #[error("{0}; `codetune plugin info` shows its options")]
    Options(CallError),
    /// A plugin was selected that is no analyzer.
    #[error("plugin {plugin} is no analyzer: select one that provides [analyzer]")]
    NoAnalyzer {
        /// The plugin.
        plugin: String,
    },
    /// An analyzer was selected twice.
    #[error("plugin {plugin} is selected twice: name each analyzer once")]
    SelectedTwice {
        /// The plugin.
        plugin: String,
    },
    /// The number of threads is out of range.
    #[error("jobs is {given}: write 0 for all cores, or a number up to {most}")]
    Jobs {
        /// What was asked for.
        given: usize,
        /// The most there may be.
        most: usize,
    },
    /// The system gives no threads.
    #[error("threads cannot be started: {0}; lower `jobs` or the system's load")]
    Threads(String),
    /// The caller asked to stop. What was finished is in the cache, where there is one.
    #[error("the analysis was stopped; the same command goes on from the cached results")]
    Stopped,
}

impl AnalysisError {
    /// The stable code of this error, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => "analysis::source",
            Self::Options(_) => "analysis::options",
            Self::NoAnalyzer { .. } => "analysis::no_analyzer",
            Self::SelectedTwice { .. } => "analysis::selected_twice",
            Self::Jobs { .. } => "analysis::jobs",
            Self::Threads(_) => "analysis::threads",
            Self::Stopped => "analysis::stopped",
        }
    }
}
