//! `codetune runs`

use codetune_core::redact::escape_control;
use codetune_core::store::{MetricPoint, Run, RunFilter, RunStatus, Store, to_the_second};
use serde_json::{Value, json};

use crate::bounds::at_least;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::terminal::curve::{self, Series};
use crate::terminal::format::{bytes, count, short, short_digest};
use crate::terminal::style::Style;
use crate::terminal::table::TextTable;

/// Subcommands of `runs`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List training runs, newest first.
    #[command(
        after_help = "Examples:\n  codetune runs list\n  codetune runs list --status interrupted --json"
    )]
    List {
        /// Filter by status.
        #[arg(long, value_enum)]
        status: Option<Status>,
        /// Filter by kind, such as lora or full.
        #[arg(long)]
        kind: Option<String>,
        /// List at most N runs.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least::<u32>(1))]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the configuration, metrics, plugins and artifacts of a run.
    #[command(
        after_help = "Examples:\n  codetune runs show 4f2a\n  codetune runs show my-run --json | jq .latest"
    )]
    Show {
        /// Name, id or unique prefix of the id.
        run: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete a run from the database; its files are kept.
    #[command(after_help = "Examples:\n  codetune runs delete my-run")]
    Delete {
        /// Name, id or unique prefix of the id.
        run: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// The status of a run.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Status {
    /// In progress.
    Running,
    /// Finished.
    Completed,
    /// Stopped; can be resumed.
    Interrupted,
    /// Ended with an error.
    Failed,
}

/// Runs `runs list`, `runs show` or `runs delete`.
///
/// # Errors
/// The database cannot be read, or there is no such run.
pub fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let (store, terminal) = (context.store()?, &context.terminal);
    store.interrupt_abandoned()?;
    match command {
        Command::List { status, kind, limit, json } => {
            let filter =
                RunFilter { status: status.map(Status::of), kind: kind.clone(), ..RunFilter::default() };
            list(&store, &filter, *limit, *json, terminal)?;
        }
        Command::Delete { run, json } => {
            let run = find(&store, run)?;
            store.delete_run(&run.id)?;
            match json {
                true => terminal.json(&json!({ "deleted": run.id.to_string(), "name": run.name }))?,
                false => terminal.print(&format!("deleted run {}\n", run.id))?,
            }
        }
        Command::Show { run, json } => {
            let run = find(&store, run)?;
            match json {
                true => terminal.json(&store.details(run)?)?,
                false => terminal.print(&describe(&store, &run, terminal)?)?,
            }
        }
    }
    Ok(Exit::Done)
}

fn find(store: &Store, given: &str) -> Result<Run, Failure> {
    let found = store.get_run(given);
    found.map_err(|error| Failure::from(error).help("list the runs with: codetune runs list"))
}

impl Status {
    fn of(self) -> RunStatus {
        match self {
            Status::Running => RunStatus::Running,
            Status::Completed => RunStatus::Completed,
            Status::Interrupted => RunStatus::Interrupted,
            Status::Failed => RunStatus::Failed,
        }
    }
}

fn list(
    store: &Store,
    filter: &RunFilter,
    limit: u32,
    json: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let runs = store.list_runs(filter, limit)?;
    if json {
        let runs = runs.into_iter().map(|run| store.summary(run)).collect::<Result<Vec<_>, _>>()?;
        return terminal.json(&json!({ "runs": runs }));
    }
    if runs.is_empty() {
        return terminal.print("no runs found; start one with: codetune train RUN.toml\n");
    }
    let mut table = TextTable::new(&[
        "RUN",
        "NAME",
        "?KIND",
        "STATUS",
        "?MODEL",
        "?DATASET",
        ">STEPS",
        ">LOSS",
        ">HELD-OUT",
        "?STARTED",
    ]);
    for run in &runs {
        let latest = store.latest_metrics(&run.id)?;
        let value = |key: &str| latest.iter().find(|metric| metric.key == key);
        let loss = |key: &str| value(key).map_or_else(|| "-".into(), |metric| format!("{:.4}", metric.value));
        table.row([
            run.id.to_string(),
            run.name.clone().unwrap_or_else(|| "-".into()),
            run.kind.clone(),
            run.status.to_string(),
            run.model_type.clone(),
            run.dataset_name.clone(),
            value("train_loss").map_or_else(|| "-".into(), |metric| count(metric.step)),
            loss("train_loss"),
            loss("eval_loss"),
            to_the_second(run.started_at),
        ]);
    }
    terminal.print(&table.render(terminal))?;
    if runs.len() >= limit as usize {
        terminal.note(&format!("showing the newest {limit}; use --limit to show more"));
    }
    Ok(())
}

fn describe(store: &Store, run: &Run, terminal: &Terminal) -> Result<String, Failure> {
    let mut text = format!("{}\n", terminal.paint(Style::Heading, &format!("run {}", run.id)));
    let mut line = |name: &str, value: &str| {
        let line = terminal.fit(&format!("  {name:<10} "), &escape_control(value), 13);
        text.push_str(&format!("{line}\n"));
    };
    if let Some(name) = &run.name {
        line("name", name);
    }
    line("kind", &run.kind);
    line("status", run.status.as_str());
    if let Some(error) = &run.error {
        line("error", error);
    }
    line("model", &run.model_type);
    line("dataset", &run.dataset_name);
    line("started", &to_the_second(run.started_at));
    if let Some(finished) = run.finished_at {
        line("finished", &to_the_second(finished));
    }
    line(
        "host",
        &format!("{}, {} {}, codetune {}", run.host.machine, run.host.os, run.host.arch, run.host.version),
    );
    heading(&mut text, "configuration", terminal);
    let config = store.config(run.config)?.values.run_config;
    let mut pairs = Vec::new();
    flatten("", config.get("run").unwrap_or(&config), &mut pairs);
    for (key, value) in pairs {
        text.push_str(&format!("  {key} = {}\n", escape_control(&value)));
    }
    metrics(&mut text, store, run, terminal)?;
    let mut plugins = TextTable::new(&["PLUGIN", "VERSION", "RUNTIME", "DIGEST"]);
    for plugin in store.plugins(&run.id)? {
        let digest = plugin.digest.map_or_else(|| "-".into(), |digest| format!("blake3:{digest}"));
        plugins.row([plugin.name, plugin.version, plugin.runtime, digest]);
    }
    plugins.append_to(&mut text, terminal);
    let mut artifacts = TextTable::new(&["ARTIFACT", ">SIZE", "DIGEST", "PATH"]);
    for artifact in store.artifacts(&run.id)? {
        let values = artifact.values;
        artifacts.row([values.kind, bytes(values.bytes), short_digest(&values.digest), values.path]);
    }
    artifacts.append_to(&mut text, terminal);
    Ok(text)
}

fn metrics(text: &mut String, store: &Store, run: &Run, terminal: &Terminal) -> Result<(), Failure> {
    let train = store.metrics(&run.id, "train_loss")?;
    let held_out = store.metrics(&run.id, "eval_loss")?;
    if terminal.watched {
        let points =
            |points: &[MetricPoint]| points.iter().map(|p| (p.step as f32, p.value as f32)).collect();
        let series = [
            Series { name: "training loss", points: points(&train) },
            Series { name: "held-out loss", points: points(&held_out) },
        ];
        let curve = curve::draw(&series, terminal.width);
        if !curve.is_empty() {
            heading(text, "loss", terminal);
            text.push_str(&curve);
        }
    }
    let mut evaluations = TextTable::new(&[">STEP", ">HELD-OUT LOSS", ">PERPLEXITY"]);
    for point in &held_out {
        evaluations.row([count(point.step), format!("{:.4}", point.value), short(point.value.exp())]);
    }
    evaluations.append_to(text, terminal);
    let mut latest = TextTable::new(&["METRIC", ">STEP", ">LAST VALUE"]);
    for metric in store.latest_metrics(&run.id)? {
        latest.row([metric.key, count(metric.step), number(metric.value)]);
    }
    latest.append_to(text, terminal);
    Ok(())
}

fn heading(text: &mut String, heading: &str, terminal: &Terminal) {
    text.push_str(&format!("\n{}\n", terminal.paint(Style::Heading, heading)));
}

fn flatten(path: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&key, value, pairs);
            }
        }
        Value::Null => {}
        leaf => pairs.push((path.to_owned(), leaf.to_string())),
    }
}

/// A count, or a number with as many decimal places as matter.
fn number(value: f64) -> String {
    match value.abs() {
        size if value.fract() == 0.0 && value >= 0.0 && size < 1e15 => count(value as u64),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 1e-3 => format!("{value:.4}"),
        _ => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_shown_with_the_digits_that_matter() {
        let shown = [0.0, 12_345.0, 651.173_597, 5.956_882, -0.25, 6.667e-6, -3.0].map(number);
        assert_eq!(shown, ["0", "12,345", "651.2", "5.9569", "-0.2500", "6.667e-6", "-3.0000"]);
    }
}
