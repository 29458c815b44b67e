use std::sync::Arc;

use codetune_core::analysis::{AttributeValue, FileAttributes};
use codetune_core::dataset::{DatasetConfig, Document, Group, select};
use codetune_core::model::Targets;
use codetune_core::plugin::Digest;
use codetune_core::train::{DataSource, RunConfig, ScheduleKind};
use serde_json::{Map, Value, json};

use crate::workspace;

#[test]
fn the_run_file_to_copy_is_a_run_file() {
    let path = workspace("examples/run.toml");
    let run = RunConfig::load(&path).unwrap();
    let folder = std::path::absolute(path.parent().unwrap()).unwrap();
    assert_eq!(run.model.path, folder.join("runs/base/model"));
    assert_eq!(run.data.source, DataSource::Dataset(folder.join("data")));
    assert_eq!(run.train.schedule, ScheduleKind::Cosine);
    let adapter = run.adapter.unwrap();
    assert_eq!((adapter.r, adapter.alpha, adapter.dropout), (Some(8), Some(16.0), Some(0.1)));
    assert_eq!(adapter.targets, Some(Targets::AllLinear));
}

/// Each key of the run file to copy with its section, its line, and the default that stands behind it.
fn keys(text: &str) -> Vec<(&str, &str, &str, Option<&str>)> {
    let mut section = "";
    let mut keys = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
            keys.push((section, key, line, line.split_once("# default ").map(|(_, default)| default)));
        }
    }
    keys
}

#[test]
fn what_the_run_file_to_copy_calls_a_default_is_what_a_key_is_without_being_written() {
    let text = std::fs::read_to_string(workspace("examples/run.toml")).unwrap();
    let parse = |text: &str| RunConfig::parse(text, "run.toml", &workspace("examples")).unwrap();
    let keys = keys(&text);
    let (mut named, mut bare) = (0, text.clone());
    for (section, key, line, default) in &keys {
        let left_out = text.replacen(&format!("{line}\n"), "", 1);
        let Some(default) = default else { continue };
        let default = default
            .split_once(", ")
            .filter(|_| !default.starts_with('['))
            .map_or(*default, |(value, _)| value);
        let written = text.replacen(line, &format!("{key} = {default}"), 1);
        assert_eq!(parse(&left_out), parse(&written), "{section}.{key} is not {default}");
        bare = bare.replacen(&format!("{line}\n"), "", 1);
        named += 1;
    }
    assert!(named >= 22, "only {named} keys have a default");
    // Whatever else is in a configuration without them is in the file without a default because there is none.
    let config = parse(&bare).to_json();
    let mut values = config["train"].as_object().unwrap().clone();
    values.retain(|_, value| !value.is_null());
    for key in values.keys() {
        assert!(
            keys.iter().any(|(section, known, ..)| *section == "train" && known == key),
            "{key} is not explained"
        );
    }
}

#[test]
fn the_base_run_trains_every_weight_and_leaves_the_model_where_fine_tuning_looks_for_it() {
    let base = RunConfig::load(&workspace("examples/base.toml")).unwrap();
    let tuned = RunConfig::load(&workspace("examples/run.toml")).unwrap();
    assert_eq!(base.adapter, None);
    assert_eq!(base.output.dir.join("model"), tuned.model.path);
    assert_eq!(base.data.source, tuned.data.source);
}

#[test]
fn what_the_run_file_to_copy_comments_out_is_accepted_too() {
    let text = std::fs::read_to_string(workspace("examples/run.toml")).unwrap();
    let mut switched = 0;
    let mut all = String::new();
    for line in text.lines() {
        let option = line.strip_prefix("# ").filter(|rest| {
            rest.split_once(" = ")
                .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        });
        // One of the two kinds of data, and of warm-up, is enough.
        let option =
            option.filter(|rest| !["tokens", "warmup_ratio"].iter().any(|other| rest.starts_with(other)));
        switched += usize::from(option.is_some());
        all.push_str(option.unwrap_or(line));
        all.push('\n');
    }
    assert_eq!(switched, 9, "{all}");
    RunConfig::parse(&all, "run.toml", &workspace("examples")).unwrap();
}

fn document(path: &str, ratio: f64, complexity: i64, secrets: i64) -> Document {
    let text = format!("# {path}\n");
    let mut attributes = FileAttributes::default();
    let metrics: [(&str, AttributeValue); 2] =
        [("error_ratio", ratio.into()), ("max_cognitive", complexity.into())];
    attributes.insert("metrics", metrics.into_iter().collect());
    let object = |value: Value| -> Map<String, Value> { value.as_object().cloned().unwrap() };
    Document {
        path: path.into(),
        language: "python".into(),
        digest: Digest::of(text.as_bytes()).0,
        text: Arc::from(text),
        attributes,
        findings: object(json!({ "secrets": { "github-token": secrets } })),
        errors: Vec::new(),
    }
}

#[test]
fn the_dataset_settings_to_copy_choose_files_by_their_rules() {
    let config = DatasetConfig::load(&workspace("examples/dataset.toml")).unwrap();
    config.check().unwrap();
    assert_eq!((config.group, config.rules.len()), (Group::Directory, 4));

    let documents = vec![
        document("a/kept.py", 0.01, 3, 0),
        document("b/tangled.py", 0.0, 41, 0),
        document("c/leaky.py", 0.0, 3, 1),
        document("d/generated/x.py", 0.0, 3, 0),
        document("e/cut_off.py", 0.4, 3, 0),
    ];
    let selection = select(documents, &[], &config, &|_| {}).unwrap();
    let mut dropped: Vec<(&str, &str)> =
        selection.left_out.iter().map(|(_, out)| (out.path.as_str(), out.reason.as_str())).collect();
    dropped.sort_unstable();
    assert_eq!(dropped.len(), 4, "{dropped:?}");
    for ((path, reason), (expected, rule)) in dropped.into_iter().zip([
        ("b/tangled.py", "readable"),
        ("c/leaky.py", "no-secrets"),
        ("d/generated/x.py", "handwritten"),
        ("e/cut_off.py", "parses"),
    ]) {
        assert!(path == expected && reason.contains(rule), "{path}: {reason}");
    }
}
