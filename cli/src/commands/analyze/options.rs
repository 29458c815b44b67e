//! Which analyzers run, with what, on which files.

use std::sync::Arc;

use clap::builder::ValueParser;
use codetune_core::analysis::{AnalysisOptions, AnswerCache, Selected};
use codetune_core::plugin::{Origin, Registry, RegistryError, ValueKind};
use codetune_core::redact::escape_control;
use codetune_core::source::{DiscoverOptions, MAX_BYTES_CEILING};
use codetune_core::store::AnalysisCache;
use serde_json::Value;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::format::{bytes, parsed_size};

/// The options that choose analyzers and files.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Selection {
    /// Run this analyzer only; may be given several times.
    #[arg(long = "analyzer", value_name = "NAME")]
    pub analyzers: Vec<String>,
    /// Set an option of an analyzer, such as metrics.max_cyclomatic=10.
    #[arg(long = "option", value_name = "PLUGIN.KEY=VALUE")]
    pub options: Vec<String>,
    /// Look only at files that match, in .gitignore's syntax; may be given several times.
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Leave out files and folders that match, named ones too; may be given several times.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Read files of unknown languages too, as text, for every analyzer that takes text.
    #[arg(long)]
    pub all_files: bool,
    /// Look at hidden files and folders too, whose names begin with a dot, for every analyzer.
    #[arg(long)]
    pub hidden: bool,
    /// Look at files too that .gitignore, .ignore, .git/info/exclude or git's core.excludesFile rule out.
    #[arg(long)]
    pub no_ignore: bool,
    /// Leave out files larger than this, such as 500kB, 10MB or 10MiB.
    #[arg(long, value_name = "SIZE", default_value = DEFAULT_MAX_SIZE, value_parser = size())]
    pub max_bytes: u64,
    /// Neither use nor keep results of earlier analyses.
    #[arg(long)]
    pub no_cache: bool,
    /// Use so many threads; 0 for one on each core.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
}

/// [`DEFAULT_MAX_BYTES`] as one writes it.
const DEFAULT_MAX_SIZE: &str = "1MiB";

fn size() -> ValueParser {
    ValueParser::new(|text: &str| {
        parsed_size(text)
            .filter(|bytes| (1..=MAX_BYTES_CEILING).contains(bytes))
            .ok_or_else(|| format!("write a size of 1 byte to {}, such as 10MB", bytes(MAX_BYTES_CEILING)))
    })
}

impl Selection {
    /// What the core needs. For `documents` of a dataset every text is kept, and no file is read that the options
    /// here do not ask for.
    ///
    /// # Errors
    /// There is no such analyzer or option.
    pub fn options(
        &self,
        registry: &Registry,
        context: &Context,
        documents: bool,
    ) -> Result<AnalysisOptions, Failure> {
        let mut analyzers = match self.analyzers.is_empty() {
            true => registry.analyzers().into_iter().map(Selected::new).collect::<Vec<_>>(),
            false => {
                let named = self.analyzers.iter().map(|name| registry.ready(name).map(Selected::new));
                named.collect::<Result<_, _>>()?
            }
        };
        if self.analyzers.is_empty() {
            tell_unusable(registry, context);
        }
        if analyzers.is_empty() {
            return Err(Failure::new(Exit::Plugin, "there is no analyzer to run")
                .help("see why with: codetune plugin list"));
        }
        for option in &self.options {
            set(&mut analyzers, registry, option)?;
        }
        let folders = context.folders();
        let discover = DiscoverOptions {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            // What is kept there is no one's code, and changes while it is read.
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

    /// Results of earlier analyses. They save time and nothing else, so that going without them is no error.
    fn cache(&self, context: &Context) -> Option<Arc<dyn AnswerCache>> {
        if self.no_cache {
            return None;
        }
        let opened = AnalysisCache::open(&context.folders().cache.join("analysis"));
        let told = opened.inspect_err(|error| {
            let text = format!("{}: {}; results are not kept", error.path.display(), error.reason);
            context.terminal.warn(&escape_control(&text));
        });
        Some(Arc::new(told.ok()?))
    }
}

/// Names the plugins of files that were asked for and cannot be used, and what is passed over beside them.
fn tell_unusable(registry: &Registry, context: &Context) {
    let of_files = registry.list().filter(|entry| matches!(entry.origin, Origin::File(_)));
    for entry in of_files {
        if let Some(reason) = entry.state.reason() {
            let text = format!("plugin {} is {} and does not run: {reason}", entry.name, entry.state.word());
            context.terminal.warn(&escape_control(&text));
        }
    }
    for passed_over in registry.passed_over() {
        context.terminal.warn(&escape_control(&passed_over.to_string()));
    }
}

/// Reads `plugin.key=value`; the manifest says what the value is.
fn set(analyzers: &mut [Selected], registry: &Registry, given: &str) -> Result<(), Failure> {
    let form = || {
        Failure::usage(format!("--option {given} is not PLUGIN.KEY=VALUE"))
            .help("write for example --option metrics.max_cyclomatic=10")
    };
    let (name, value) = given.split_once('=').ok_or_else(form)?;
    let (plugin, key) = name.rsplit_once('.').ok_or_else(form)?;
    let known: Vec<String> = analyzers.iter().map(|one| one.plugin.manifest().name.clone()).collect();
    // A name means the same plugin here as everywhere, whether or not that one runs.
    let meant = match registry.get(plugin) {
        Ok(entry) => entry.name.as_str(),
        Err(RegistryError::Unknown { .. }) => plugin,
        Err(other) => return Err(other.into()),
    };
    let analyzer = analyzers.iter_mut().find(|one| one.plugin.manifest().name == meant).ok_or_else(|| {
        Failure::usage(format!("--option {given}: no analyzer `{meant}` runs"))
            .help(format!("those that run are {}", known.join(", ")))
    })?;
    let kind = analyzer.plugin.manifest().config.get(key).map(|option| option.kind);
    let value = match kind {
        Some(ValueKind::Text) => Value::String(value.to_owned()),
        // An unknown key is told by the manifest, which knows the nearest one.
        _ => serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
    };
    analyzer.options.insert(key.to_owned(), value);
    let resolved = analyzer.plugin.resolve_config(&analyzer.options);
    resolved.map(drop).map_err(|error| {
        Failure::usage(format!("--option {given}: {}", error.fault))
            .help(format!("see its options with: codetune plugin info {plugin}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_size_is_that_of_the_core() {
        assert_eq!(parsed_size(DEFAULT_MAX_SIZE), Some(codetune_core::source::DEFAULT_MAX_BYTES));
    }
}
