//! `codetune plugin`

use std::collections::BTreeSet;

use codetune_core::plugin::{Entry, Registry, Scope};
use codetune_core::redact::escape_control;
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::format::short_digest;
use crate::terminal::style::Style;
use crate::terminal::table::TextTable;

/// Subcommands of `plugin`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List all plugins and their states.
    #[command(
        after_help = "Examples:\n  codetune plugin list\n  codetune plugin list --plugins ./my-plugins --json"
    )]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a plugin's manifest: rules, attributes, options and limits.
    #[command(
        after_help = "Examples:\n  codetune plugin info metrics\n  codetune plugin info codetune/secrets --json"
    )]
    Info {
        /// Plugin name, with or without its namespace.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs `plugin list` or `plugin info`.
///
/// # Errors
/// The plugins cannot be registered, or there is none with that name.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let (registry, terminal) = (context.registry()?, &context.terminal);
    match command {
        Command::List { json: true } => {
            let plugins: Vec<Value> = registry.list().map(entry_json).collect();
            terminal.json(&json!({ "plugins": plugins, "passed_over": registry.passed_over() }))?;
        }
        Command::List { json: false } => {
            terminal.print(&table(&registry, terminal))?;
            let mut told = BTreeSet::new();
            for entry in registry.list() {
                if let Some(reason) = entry.state.reason() {
                    let note = format!("{} ({}): {reason}", entry.name, entry.state.word());
                    // Once for several files of the same name.
                    if told.insert(note.clone()) {
                        terminal.note(&escape_control(&note));
                    }
                }
            }
            for passed_over in registry.passed_over() {
                terminal.note(&escape_control(&passed_over.to_string()));
            }
        }
        Command::Info { name, json } => {
            let entry = registry.get(name)?;
            match json {
                true => terminal.json(&entry_json(entry))?,
                false => terminal.print(&info(entry, terminal))?,
            }
        }
    }
    Ok(Exit::Done)
}

/// A table of all plugins.
pub fn table(registry: &Registry, terminal: &Terminal) -> String {
    let mut table = TextTable::new(&["PLUGIN", "?VERSION", "?KIND", "RUNTIME", "?DIGEST", "STATE"]);
    for entry in registry.list() {
        let manifest = entry.manifest();
        table.row([
            entry.name.clone(),
            manifest.map_or_else(|| "-".into(), |manifest| manifest.version.to_string()),
            manifest.map_or_else(|| "-".into(), |manifest| manifest.kinds().join(", ")),
            entry.runtime().map_or("-", |runtime| runtime.as_str()).to_owned(),
            entry.digest().map_or_else(|| "-".into(), |digest| short_digest(&digest.to_string())),
            entry.state.word().to_owned(),
        ]);
    }
    table.render(terminal)
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "origin": entry.origin.to_string(),
        "runtime": entry.runtime(),
        "digest": entry.digest(),
        "state": entry.state.word(),
        "reason": entry.state.reason(),
        "limits": entry.limits(),
        "manifest": entry.manifest(),
    })
}

fn info(entry: &Entry, terminal: &Terminal) -> String {
    let mut text = format!("{}\n", terminal.paint(Style::Heading, &escape_control(&entry.name)));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            // Text of a plugin must not control the terminal.
            let line = terminal.fit(&format!("  {name:<13} "), &escape_control(value), 16);
            text.push_str(&format!("{line}\n"));
        }
    };
    line("state", entry.state.word());
    line("reason", entry.state.reason().unwrap_or_default());
    line("origin", &entry.origin.to_string());
    line("runtime", entry.runtime().map_or("", |runtime| runtime.as_str()));
    line("digest", &entry.digest().map(|digest| digest.to_string()).unwrap_or_default());
    let Some(manifest) = entry.manifest() else { return text };
    line("version", &manifest.version.to_string());
    line("description", &manifest.description);
    line("author", &manifest.author);
    line("license", &manifest.license);
    line("tags", &manifest.tags.join(", "));
    line("provides", &manifest.kinds().join(", "));
    line("contract", &manifest.api.to_string());
    let limits = entry.limits().unwrap_or_else(|| manifest.granted_limits());
    let limits = (limits.memory_mib, limits.time_ms, limits.output_kib);
    line(
        "limits",
        &format!("{} MiB of memory, {} ms and {} KiB of output per file", limits.0, limits.1, limits.2),
    );
    if let Some(backend) = &manifest.training_backend {
        line("architectures", &backend.architectures.join(", "));
    }
    if let Some(analyzer) = &manifest.analyzer {
        let extent = if analyzer.all_text { ", and all text files, including hidden ones" } else { "" };
        line("languages", &format!("{}{extent}", analyzer.languages.join(", ")));
        let mut rules = TextTable::new(&["RULE", "SEVERITY", "DESCRIPTION"]);
        for rule in &analyzer.rules {
            rules.row([rule.id.as_str(), severity(rule.severity), rule.summary.as_str()]);
        }
        let mut attributes = TextTable::new(&["ATTRIBUTE", "SCOPE", "TYPE", "UNIT", "DESCRIPTION"]);
        for attribute in &analyzer.attributes {
            let of = if attribute.scope == Scope::File { "file" } else { "symbol" };
            let kind = format!("{:?}", attribute.kind).to_lowercase();
            attributes.row([&attribute.name, of, &kind, &attribute.unit, &attribute.description]);
        }
        rules.append_to(&mut text, terminal);
        attributes.append_to(&mut text, terminal);
    }
    let mut options = TextTable::new(&["OPTION", "TYPE", "DEFAULT", "DESCRIPTION"]);
    for (name, option) in &manifest.config {
        let key = format!("{}.{name}", manifest.short_name());
        let kind = format!("{:?}", option.kind).to_lowercase();
        options.row([&key, &kind, &option.default.to_string(), &option.description]);
    }
    options.append_to(&mut text, terminal);
    text
}

fn severity(severity: codetune_plugin_sdk::Severity) -> &'static str {
    use codetune_plugin_sdk::Severity::{Error, Note, Warning};
    match severity {
        Note => "note",
        Warning => "warning",
        Error => "error",
    }
}
