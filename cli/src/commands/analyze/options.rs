//! Which analyzers run, with what, on which files.

use codetune_core::analysis::{AnalysisCache, AnalysisOptions, Selected};
use codetune_core::plugin::{Origin, Registry, RegistryError, ValueKind};
use codetune_core::source::{DEFAULT_MAX_BYTES, DiscoverOptions};
use codetune_core::validate::escape_control;
use serde_json::Value;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

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
    /// Leave out files and folders that match; may be given several times.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Read files of unknown languages too, as text.
    #[arg(long)]
    pub all_files: bool,
    /// Look at hidden files and folders too, whose names begin with a dot.
    #[arg(long)]
    pub hidden: bool,
    /// Leave out files larger than this, in bytes.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_BYTES)]
    pub max_bytes: u64,
    /// Neither use nor keep results of earlier analyses.
    #[arg(long)]
    pub no_cache: bool,
    /// Use so many threads; 0 for one on each core.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
}

impl Selection {
    /// What the core needs.
    ///
    /// # Errors
    /// There is no such analyzer or option, or the cache cannot be opened.
    pub fn options(
        &self,
        registry: &Registry,
        context: &Context,
        keep_text: bool,
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
        let cache = match self.no_cache {
            true => None,
            false => Some(AnalysisCache::open(&context.folders.cache.join("analysis")).map_err(|error| {
                Failure::told(Exit::Storage, &error)
                    .help("pass --no-cache, or --cache-dir with another folder")
            })?),
        };
        let discover = DiscoverOptions {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            max_bytes: self.max_bytes,
            all_files: self.all_files,
            hidden: self.hidden,
            ..DiscoverOptions::default()
        };
        Ok(AnalysisOptions { analyzers, discover, cache, jobs: self.jobs, keep_text })
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
