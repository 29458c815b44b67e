//! Options that every command takes.

use std::path::PathBuf;

use clap::{Args, builder::ValueParser};
use codetune_core::model::MemoryBudget;
use codetune_core::plugin::{Digest, LimitOverride, Runtime};

use crate::bounds::ValueError;
use crate::terminal::format::parsed_size;
use crate::terminal::{Color, ShowProgress};

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// When to use color.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// When to show progress.
    #[arg(long, global = true, value_enum, default_value_t = ShowProgress::Auto, value_name = "WHEN")]
    pub progress: ShowProgress,
    /// Print only results and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log more; repeat for debug output. CODETUNE_LOG takes a filter such as warn,codetune=debug.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Store cached data in this directory.
    #[arg(long, global = true, env = "CODETUNE_CACHE", value_name = "DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
    /// Store the run database in this directory.
    #[arg(long, global = true, env = "CODETUNE_HOME", value_name = "DIR", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
    /// Record runs in this database: a file or sqlite://PATH.
    #[arg(long, global = true, env = "CODETUNE_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Limit the memory of tensors, such as 8GB or 512MiB [default: three quarters of the memory of the machine or
    /// container].
    #[arg(long, global = true, env = "CODETUNE_MEMORY", value_name = "SIZE", hide_env_values = true, value_parser = memory())]
    pub memory: Option<MemoryBudget>,
    /// Also load plugins from this directory.
    #[arg(long, global = true, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    /// Allow the native library with this digest; it runs with your privileges, outside the sandbox.
    #[arg(long, global = true, value_name = "DIGEST", value_parser = digest())]
    pub trust_native: Vec<Digest>,
    /// Disable a plugin, given by its full name or its file.
    #[arg(long, global = true, value_name = "NAME")]
    pub disable: Vec<String>,
    /// Override limits of all plugins (time_ms=5000) or of one (acme/todo.memory_mib=512), separated by commas. The
    /// limits are time_ms, memory_mib and output_kib, and apply to each file.
    #[arg(
        long,
        global = true,
        env = "CODETUNE_PLUGIN_LIMIT",
        value_name = "LIMIT=N",
        value_delimiter = ',',
        hide_env_values = true,
        value_parser = plugin_limit()
    )]
    pub plugin_limit: Vec<LimitOverride>,
    /// Load the first-party plugins in this runtime: builtin, native or wasm.
    #[arg(long, global = true, value_name = "RUNTIME", value_parser = runtime())]
    pub runtime: Option<Runtime>,
}

fn digest() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Digest>())
}

fn plugin_limit() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<LimitOverride>())
}

fn memory() -> ValueParser {
    let read = |text: &str| parsed_size(text).filter(|bytes| *bytes > 0).map(MemoryBudget::bytes);
    ValueParser::new(move |text: &str| {
        read(text).ok_or_else(|| ValueError::new("a size, such as 8GB or 512MiB"))
    })
}

fn runtime() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Runtime>())
}
