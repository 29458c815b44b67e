//! The database itself refuses what the table refuses: each bound, just inside and just outside.

use codetune_plugin::PluginIdentity;
use codetune_validate::{Bound, Charset, FIELDS, Kind, MAX_POSITION_EMBEDDINGS, MAX_SEQ_LENGTH};

use super::*;

/// A value as SQL and whether the table accepts it.
type Case = (String, bool);

fn cases(kind: Kind) -> Vec<Case> {
    match kind {
        Kind::Integer { min, max } => {
            let mut cases =
                vec![(min.to_string(), true), (max.to_string(), true), ((min - 1).to_string(), false)];
            cases.extend(max.checked_add(1).map(|over| (over.to_string(), false)));
            cases.extend(["0.5".to_owned(), "'text'".to_owned()].map(|sql| (sql, false)));
            cases
        }
        Kind::Float { min, max } => {
            let mut cases =
                vec![("9e999".to_owned(), false), ("-9e999".to_owned(), false), ("'text'".to_owned(), false)];
            match min {
                Bound::Including(low) => cases.extend([(sql(low), true), (sql(low.next_down()), false)]),
                Bound::Excluding(low) => {
                    cases.extend([(sql(low), false), (sql(low.next_up().max(1e-300)), true)])
                }
            }
            match max {
                Bound::Including(high) => cases.extend([(sql(high), true), (sql(high.next_up()), false)]),
                Bound::Excluding(high) => cases.extend([(sql(high), false), (sql(high.next_down()), true)]),
            }
            cases
        }
        Kind::Text { min_chars, max_chars, charset } => {
            let letter = if charset == Charset::Name { "a" } else { "é" };
            let text = |chars: usize| format!("'{}'", letter.repeat(chars));
            vec![
                (text(min_chars), true),
                (text(max_chars), true),
                (text(min_chars - 1), false),
                (text(max_chars + 1), false),
                ("'a.b/c_d-E9'".to_owned(), true),
                ("'a' || char(0)".to_owned(), false),
                ("'a' || char(0) || 'b'".to_owned(), false),
                ("char(27)".to_owned(), false),
                ("'a' || char(159)".to_owned(), false),
                ("'a' || char(10)".to_owned(), charset == Charset::Prose),
                ("'a b é'".to_owned(), charset != Charset::Name),
            ]
        }
    }
}

/// Seventeen digits give a float back exactly; beyond the largest float lies infinity.
fn sql(value: f64) -> String {
    if value.is_infinite() {
        format!("{}9e999", if value < 0.0 { "-" } else { "" })
    } else {
        format!("{value:.17e}")
    }
}

/// The settings that every configuration has, as JSON.
const SETTINGS: [(&str, &str); 6] = [
    ("batch_size", "1"),
    ("learning_rate", "0.1"),
    ("max_seq_length", "1"),
    ("warmup_steps", "0"),
    ("amphigory_ratio", "0"),
    ("seed", "0"),
];

/// The statement that stores a configuration, with values as SQL; the settings are JSON within it.
fn insert_config(model_type: &str, dataset_name: &str, settings: &[(&str, &str)]) -> String {
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    let settings = settings.join(", ").replace('\'', "''");
    format!(
        "INSERT INTO training_config (model_type, dataset_name, settings, run_config, digest, created_at) VALUES \
         ({model_type}, {dataset_name}, '{{{settings}}}', '{{}}', '{}', '2026-01-01T00:00:00.000000000Z')",
        "0".repeat(64)
    )
}

/// The statement that puts a value where the field lives in the schema; `None` where the schema has no place.
fn insert(field: &str, value: &str) -> Option<String> {
    let update = |table: &str, column: &str| Some(format!("UPDATE {table} SET {column} = {value}"));
    let metric = |key: i64, step: &str, value: &str| {
        Some(format!("INSERT INTO training_metric VALUES (1, {key}, {step}, {value})"))
    };
    match field {
        "run_name" => update("run", "name"),
        "run_kind" => update("run", "kind"),
        "error" => {
            Some(format!("UPDATE run SET status = 'failed', finished_at = started_at, error = {value}"))
        }
        "metric_key" => Some(format!("INSERT INTO metric_key (name) VALUES ({value})")),
        "metric_epoch" => {
            Some(format!("INSERT INTO training_epoch SELECT 1, {value}, 0, started_at FROM run"))
        }
        "metric_step" => metric(3, value, "0.5"),
        "metric_value" => metric(3, "1", value),
        "train_loss" => metric(1, "1", value),
        "eval_loss" => metric(2, "1", value),
        "artifact_kind" => update("artifact", "kind"),
        "artifact_path" => update("artifact", "path"),
        "artifact_bytes" => update("artifact", "bytes"),
        "plugin_version" => update("run_plugin", "version"),
        "plugin_runtime" => update("run_plugin", "runtime"),
        "model_type" => Some(insert_config(value, "'d'", &SETTINGS)),
        "dataset_name" => Some(insert_config("'m'", value, &SETTINGS)),
        setting if COLUMNS.contains(&setting) => {
            let mut settings: Vec<_> =
                SETTINGS.iter().copied().filter(|(name, _)| *name != setting).collect();
            let json = value.replace('\'', "\"");
            settings.push((setting, &json));
            Some(insert_config("'m'", "'d'", &settings))
        }
        _ => None,
    }
}

/// The settings with a column of their own.
const COLUMNS: [&str; 20] = [
    "max_position_embeddings",
    "batch_size",
    "learning_rate",
    "epochs",
    "max_seq_length",
    "warmup_steps",
    "amphigory_ratio",
    "seed",
    "gradient_accumulation",
    "weight_decay",
    "beta1",
    "beta2",
    "epsilon",
    "max_grad_norm",
    "lora_rank",
    "lora_alpha",
    "lora_dropout",
    "fim_rate",
    "held_out",
    "vocab_size",
];

/// Runs a statement and takes it back, saying whether the database accepted it.
fn accepts(store: &Store, statement: &str) -> bool {
    store
        .read("test", async |connection| {
            match sqlx::query(sqlx::AssertSqlSafe(statement)).execute(connection).await {
                Ok(_) => Ok(true),
                Err(error) if error.as_database_error().is_some() => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .expect("the database answers")
}

#[test]
fn the_schema_states_the_bounds_of_the_table() {
    let store = Store::open(":memory:").expect("opened");
    let id = run(&store);
    store.append_metrics(&id, &[], &[row("third", 7, 0.0)]).expect("key 3");
    let digest = "0".repeat(64);
    let artifact = NewArtifact { kind: "a".into(), path: "a".into(), bytes: 0, digest };
    store.record_artifacts(&id, std::slice::from_ref(&artifact)).expect("artifact");
    let plugin =
        PluginIdentity { name: "a/b".into(), version: "1".into(), runtime: "wasm".into(), digest: None };
    store.record_plugins(&id, &[plugin]).expect("plugin");
    let mut checked = 0;
    for field in FIELDS {
        for (value, accepted) in cases(field.kind) {
            let Some(statement) = insert(field.name, &value) else { break };
            let shown: String = value.chars().take(60).collect();
            assert_eq!(accepts(&store, &statement), accepted, "{}: {shown}", field.name);
            checked += 1;
        }
    }
    assert!(checked > 200, "only {checked} cases had a place in the schema");
}

#[test]
fn the_schema_follows_a_model_with_more_positions() {
    let store = Store::open(":memory:").expect("opened");
    let mut config = NewConfig::new("m", "d", json!({}));
    config.settings = config.settings.with(&MAX_SEQ_LENGTH, 32_768).with(&MAX_POSITION_EMBEDDINGS, 32_768);
    let id = store.save_config(&config).expect("saved");
    assert_eq!(store.config(id).expect("read").values, config);
    let changed = |path: &str| format!("UPDATE training_config SET settings = {path}");
    assert!(accepts(&store, &changed("json_set(settings, '$.max_seq_length', 32768)")));
    assert!(!accepts(&store, &changed("json_set(settings, '$.max_seq_length', 32769)")));
    assert!(!accepts(&store, &changed("json_remove(settings, '$.max_position_embeddings')")));
}

#[test]
fn the_schema_refuses_times_without_a_zone_and_malformed_names_and_digests() {
    let store = Store::open(":memory:").expect("opened");
    run(&store);
    for statement in [
        "UPDATE run SET started_at = '2026-01-01T00:00:00.000000000'",
        "UPDATE run SET started_at = '2026-01-01 00:00:00'",
        "UPDATE run SET id = 'x'",
        "UPDATE run SET status = 'completed'",
        "UPDATE run SET status = 'lost', finished_at = started_at",
        "UPDATE training_config SET digest = 'abc'",
        "UPDATE training_config SET run_config = '[1'",
        "UPDATE training_config SET settings = json_remove(settings, '$.learning_rate')",
        "UPDATE training_config SET settings = json_set(settings, '$.learning_rate', NULL)",
        "UPDATE training_config SET settings = json_set(settings, '$.epochs', NULL)",
        "UPDATE training_config SET settings = '[1'",
        "UPDATE training_config SET settings = '[1]'",
        "UPDATE run SET config_id = 77",
        "DELETE FROM metric_key WHERE name = 'train_loss'",
    ] {
        assert!(!accepts(&store, statement), "accepted: {statement}");
    }
    let plugin = |name: &str| {
        format!("INSERT INTO run_plugin (run, name, runtime, version) VALUES (1, '{name}', 'wasm', '1')")
    };
    for name in ["codetune/metrics", "0/0-", &format!("{0}/{0}", "a".repeat(64))] {
        assert!(accepts(&store, &plugin(name)), "refused: {name}");
    }
    for name in ["", "a", "a/", "/a", "-a/b", "a/-b", "a/b/c", "A/b", &format!("{}/b", "a".repeat(65))] {
        assert!(!accepts(&store, &plugin(name)), "accepted: {name}");
    }
}
