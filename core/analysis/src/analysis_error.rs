use codetune_plugin::CallError;
use codetune_source::SourceError;
use codetune_validate::Blame;

/// Why there is no analysis at all. What goes wrong with one file is a
/// [`FileError`](super::FileError) or a skipped file instead.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum AnalysisError {
    /// Nothing can be discovered.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] SourceError),
    /// The options of an analyzer are refused, by its manifest or by the analyzer itself.
    #[error("{0}")]
    #[diagnostic(code(analysis::options), help("list its options with: codetune plugin info {}", .0.plugin))]
    Options(CallError),
    /// A plugin was selected that is no analyzer.
    #[error("plugin {plugin} is not an analyzer: `codetune plugin list` shows the kind of each plugin")]
    #[diagnostic(code(analysis::no_analyzer))]
    NoAnalyzer {
        /// The plugin.
        plugin: String,
    },
    /// An analyzer was selected twice.
    #[error("plugin {plugin} is selected twice: name each analyzer once")]
    #[diagnostic(code(analysis::selected_twice))]
    SelectedTwice {
        /// The plugin.
        plugin: String,
    },
    /// The number of threads is out of range.
    #[error("jobs is {given}: write 0 for all cores, or a number up to {most}")]
    #[diagnostic(code(analysis::jobs))]
    Jobs {
        /// What was asked for.
        given: usize,
        /// The most there may be.
        most: usize,
    },
    /// The system gives no threads.
    #[error("threads cannot be started: {0}")]
    #[diagnostic(code(analysis::threads), help("lower `jobs` or the system's load"))]
    Threads(String),
    /// The caller asked to stop. What was finished is in the cache, where there is one.
    #[error("the analysis was stopped")]
    #[diagnostic(code(analysis::stopped), help("the same command goes on from the cached results"))]
    Stopped,
}

impl AnalysisError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Source(error) => error.blame(),
            Self::Options(error) => error.blame(),
            Self::Threads(_) => Blame::Storage,
            Self::Stopped => Blame::Stopped,
            Self::NoAnalyzer { .. } | Self::SelectedTwice { .. } | Self::Jobs { .. } => Blame::Input,
        }
    }
}
