//! Options that every command takes.

use std::path::PathBuf;

use clap::{Args, builder::ValueParser};
use codetune_core::model::Budget;
use codetune_core::plugin::{Carrier, Digest, LimitOverride};

use crate::terminal::format::parsed_size;
use crate::terminal::{Color, ShowProgress};

/// What holds for every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Show how far something is.
    #[arg(long, global = true, value_enum, default_value_t = ShowProgress::Auto, value_name = "WHEN")]
    pub progress: ShowProgress,
    /// Show answers and errors alone.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log what is done; twice for details. CODETUNE_LOG sets it exactly.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Keep what can be made again here.
    #[arg(long, global = true, env = "CODETUNE_CACHE", value_name = "FOLDER", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,
    /// Keep the database here.
    #[arg(long, global = true, env = "CODETUNE_HOME", value_name = "FOLDER", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
    /// Keep runs in this database: a file, or sqlite://PATH.
    #[arg(long, global = true, env = "CODETUNE_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Give the tensors of models at most this much memory, such as 8GB or 512MiB; otherwise three quarters of what the
    /// machine or the container has.
    #[arg(long, global = true, env = "CODETUNE_MEMORY", value_name = "SIZE", hide_env_values = true, value_parser = memory())]
    pub memory: Option<Budget>,
    /// Load the plugins of this folder too.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub plugins: Vec<PathBuf>,
    /// Load the native library with this digest, with your own rights.
    #[arg(long, global = true, value_name = "DIGEST", value_parser = digest())]
    pub trust_native: Vec<Digest>,
    /// Switch a plugin off, by its whole name or by its file.
    #[arg(long, global = true, value_name = "NAME")]
    pub disable: Vec<String>,
    /// Set a limit of every plugin, as time_ms=5000, or of one, as acme/todo.memory_mib=512. There are time_ms,
    /// memory_mib and output_kib, for each file. Several are separated by commas.
    #[arg(
        long,
        global = true,
        env = "CODETUNE_PLUGIN_LIMIT",
        value_name = "[PLUGIN.]LIMIT=NUMBER",
        value_delimiter = ',',
        hide_env_values = true,
        value_parser = plugin_limit()
    )]
    pub plugin_limit: Vec<LimitOverride>,
    /// Load codetune's own plugins this way: builtin, native or wasm.
    #[arg(long, global = true, value_name = "CARRIER", value_parser = carrier())]
    pub carrier: Option<Carrier>,
}

fn digest() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Digest>())
}

fn plugin_limit() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<LimitOverride>())
}

fn memory() -> ValueParser {
    let read = |text: &str| parsed_size(text).filter(|bytes| *bytes > 0).map(Budget::bytes);
    ValueParser::new(move |text: &str| read(text).ok_or("write a size, such as 8GB or 512MiB"))
}

fn carrier() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Carrier>())
}
