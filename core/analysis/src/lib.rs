//! Running analyzers: batches, cache, findings, attributes, errors as values, SARIF.
//!
//! [`analyze`] discovers files, hands them to the analyzers that want their language, and accounts for every
//! one of them: analysed, failed with the reason, or skipped with the reason. What it gives depends on the
//! files, the analyzers and their options alone, never on threads, the cache or the runtime. Answers are kept between
//! runs where an [`AnswerCache`] is given, such as that of the store.
//!
//! | file | subject |
//! |---|---|
//! | `run` | from a directory to an [`Analysis`] |
//! | `selection` | analyzers and their options by name |
//! | `options`, `progress`, `analysis_error` | what goes in, what is told on the way, why there is no answer |
//! | `analyzer`, `batch`, `patience` | instances of an analyzer, the batches they are called with, faults contained |
//! | `outcome`, `assemble` | what one analyzer said of one file, and what all of them said |
//! | `file_analysis`, `attributes`, `analysis_report`, `summary` | the result and its JSON form |
//! | `cache`, `cache_key` | results kept between runs |
//! | `verdict` | whether an analysis passes as a check |
//! | `sarif` | the result as SARIF 2.1.0, for GitHub's code scanning |

mod analysis_error;
mod analysis_report;
mod analyzer_pool;
mod assemble;
mod attributes;
mod batch;
mod cache;
mod cache_key;
mod file_analysis;
mod json;
mod options;
mod outcome;
mod patience;
mod progress;
mod run;
mod sarif;
mod schema;
mod selection;
mod summary;
#[cfg(test)]
mod test_plugin;
#[cfg(test)]
mod tests;
mod used_analyzer;
mod verdict;

pub use analysis_error::AnalysisError;
pub use analysis_report::Analysis;
pub use attributes::{AttributeValue, Attributes, FileAttributes};
pub use cache::{AnswerCache, AnswerKey};
pub use file_analysis::{Edit, FileAnalysis, FileError, Finding, Symbol};
pub use options::{AnalysisOptions, Selected};
pub use outcome::LineSpan;
pub use progress::AnalysisProgress;
pub use run::analyze;
pub use sarif::{GITHUB_MAX_GZIPPED, github_limits, to_sarif};
pub use schema::SCHEMA_VERSION;
pub use selection::{OptionError, select_analyzers, set_option};
pub use summary::{AnalysisSummary, FileCounts, FindingCounts, LanguageCounts, PluginVersion};
pub use used_analyzer::UsedAnalyzer;
pub use verdict::Verdict;
