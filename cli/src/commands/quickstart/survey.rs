//! Stages 1 and 2: the plugins and the code.

use std::path::Path;

use codetune_core::analysis::Analysis;
use codetune_core::plugin::{PluginState, Registry, Runtime};

use super::arguments::Arguments;
use crate::commands::{analyze, plugin};
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::format::{count, counted};

/// Prints the plugins.
///
/// # Errors
/// Stdout cannot be written.
pub fn plugins(registry: &Registry, context: &Context) -> Result<(), Failure> {
    context.terminal.print(&plugin::table(registry, &context.terminal))?;
    let ready = |runtime| {
        let of_it = registry.list().filter(|entry| entry.runtime() == Some(runtime));
        of_it.filter(|entry| entry.state == PluginState::Ready).count()
    };
    let loaded = Runtime::ALL.map(|runtime| format!("{} {runtime}", ready(runtime)));
    context.terminal.print(&format!("\nready: {}\n", loaded.join(", ")))
}

/// Analyzes the code and prints a table of languages.
///
/// # Errors
/// The path cannot be read.
pub fn analyse(arguments: &Arguments, registry: &Registry, context: &Context) -> Result<Analysis, Failure> {
    let selection = analyze::AnalyzerSelection {
        exclude: own_folders(&arguments.out),
        ..analyze::AnalyzerSelection::default()
    };
    let selection =
        analyze::AnalyzerSelection { max_bytes: codetune_core::source::DEFAULT_MAX_BYTES, ..selection };
    let options = selection.options(registry, context, true)?;
    let analysis = analyze::analyze(&arguments.path, &options, context)?;
    context.terminal.print(&analyze::languages(&analysis, &context.terminal))?;
    let files = &analysis.summary.files;
    context.terminal.print(&format!(
        "\n{}: {} analyzed, {} failed, {} skipped; for details run: codetune analyze {}\n",
        counted(files.seen, "file"),
        count(files.analysed),
        count(files.failed),
        count(files.skipped),
        arguments.path.display(),
    ))?;
    Ok(analysis)
}

/// Globs for the output of earlier quickstarts, which is not source code.
fn own_folders(out: &Path) -> Vec<String> {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    // A name with glob characters would exclude something else.
    match name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) && !name.is_empty() {
        true => vec![format!("{name}/"), format!("{name}.*/")],
        false => Vec::new(),
    }
}
