//! Which analyzers run, with what, on which files.

use std::sync::Arc;

use clap::builder::ValueParser;
use codetune_core::analysis::{AnalysisOptions, AnswerCache, select_analyzers, set_option};
use codetune_core::plugin::{Origin, Registry};
use codetune_core::redact::escape_control;
use codetune_core::source::{DiscoverOptions, MAX_BYTES_CEILING};
use codetune_core::store::AnalysisCache;

use crate::bounds::{ValueError, at_least};
use crate::command_error::CommandError;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::format::{bytes, parsed_size};

/// Options that select analyzers and files.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AnalyzerSelection {
    /// Run only this analyzer [can be repeated].
    #[arg(long = "analyzer", value_name = "NAME")]
    pub analyzers: Vec<String>,
    /// Set an analyzer option, such as metrics.max_cyclomatic=10 [can be repeated].
    #[arg(long = "option", value_name = "PLUGIN.KEY=VALUE")]
    pub options: Vec<String>,
    /// Read only files that match this .gitignore-style pattern [can be repeated].
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Exclude files and directories that match, even if named on the command line [can be repeated].
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Also read files in unknown languages, as plain text.
    #[arg(long)]
    pub all_files: bool,
    /// Also read hidden files and directories.
    #[arg(long)]
    pub hidden: bool,
    /// Ignore .gitignore, .ignore, .git/info/exclude and git's core.excludesFile.
    #[arg(long)]
    pub no_ignore: bool,
    /// Skip files larger than this, such as 500kB, 10MB or 10MiB.
    #[arg(long, value_name = "SIZE", default_value = DEFAULT_MAX_SIZE, value_parser = size())]
    pub max_bytes: u64,
    /// Do not use the cache of analysis results.
    #[arg(long)]
    pub no_cache: bool,
    /// Number of threads; 0 uses all cores.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = at_least::<usize>(0))]
    pub jobs: usize,
}

/// `DEFAULT_MAX_BYTES` of the core as an argument.
const DEFAULT_MAX_SIZE: &str = "1MiB";

fn size() -> ValueParser {
    ValueParser::new(|text: &str| {
        parsed_size(text).filter(|bytes| (1..=MAX_BYTES_CEILING).contains(bytes)).ok_or_else(|| {
            ValueError::new(format!("a size from 1 byte to {}, such as 10MB", bytes(MAX_BYTES_CEILING)))
        })
    })
}

impl AnalyzerSelection {
    /// Converts the options for the core. For the documents of a dataset, all texts are kept and only files selected by
    /// these options are read.
    ///
    /// # Errors
    /// An analyzer or option is unknown.
    pub fn options(
        &self,
        registry: &Registry,
        context: &Context,
        documents: bool,
    ) -> Result<AnalysisOptions, Failure> {
        let mut analyzers = select_analyzers(registry, &self.analyzers)?;
        if self.analyzers.is_empty() {
            tell_unusable(registry, context);
        }
        if analyzers.is_empty() {
            return Err(CommandError::NoAnalyzer.into());
        }
        for option in &self.options {
            set_option(&mut analyzers, registry, option)
                .map_err(|source| CommandError::Option { given: option.clone(), source })?;
        }
        let folders = context.folders();
        let discover = DiscoverOptions {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            // Not source code, and it changes during the analysis.
            leave: vec![folders.cache.clone(), folders.data.clone()],
            max_bytes: self.max_bytes,
            all_files: self.all_files,
            hidden: self.hidden,
            every_text: false,
            ignore_files: !self.no_ignore,
        };
        Ok(AnalysisOptions {
            analyzers,
            discover,
            only_discovered: documents,
            cache: self.cache(context),
            jobs: self.jobs,
            keep_text: documents,
            keep_found_text: false,
        })
    }

    /// The cache of analysis results. It is optional, so a failure is only a warning.
    fn cache(&self, context: &Context) -> Option<Arc<dyn AnswerCache>> {
        if self.no_cache {
            return None;
        }
        let opened = AnalysisCache::open(&context.folders().cache.join("analysis"));
        let told = opened.inspect_err(|error| {
            let text = format!("{}: {}; results are not cached", error.path.display(), error.reason);
            context.terminal.warn(&escape_control(&text));
        });
        Some(Arc::new(told.ok()?))
    }
}

/// Warns about plugin files that cannot be used or were ignored.
fn tell_unusable(registry: &Registry, context: &Context) {
    let of_files = registry.list().filter(|entry| matches!(entry.origin, Origin::File(_)));
    for entry in of_files {
        if let Some(reason) = entry.state.reason() {
            let text = format!("plugin {} is {} and will not run: {reason}", entry.name, entry.state.word());
            context.terminal.warn(&escape_control(&text));
        }
    }
    for passed_over in registry.passed_over() {
        context.terminal.warn(&escape_control(&passed_over.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_size_is_that_of_the_core() {
        assert_eq!(parsed_size(DEFAULT_MAX_SIZE), Some(codetune_core::source::DEFAULT_MAX_BYTES));
    }
}
