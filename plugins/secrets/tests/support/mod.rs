//! Runs the analyzer as the manifest configures it.

use codetune_plugin_sdk::{Analyzer, Report, Setup, Source};
use codetune_secrets::Secrets;

/// What the host would give: the rules, the attributes and the options' defaults.
pub fn setup() -> Setup {
    let manifest: toml::Table = toml::from_str(include_str!("../../plugin.toml")).expect("a manifest");
    let names = |list: &str, key: &str| -> Vec<String> {
        let entries = manifest["analyzer"][list].as_array().expect("a list");
        entries.iter().map(|entry| entry[key].as_str().expect("a name").to_owned()).collect()
    };
    let config = manifest["config"].as_table().expect("options");
    let defaults: serde_json::Map<String, serde_json::Value> = config
        .iter()
        .map(|(name, option)| (name.clone(), serde_json::to_value(&option["default"]).expect("a value")))
        .collect();
    let config = serde_json::Value::Object(defaults).to_string();
    Setup { config, rules: names("rules", "id"), attributes: names("attributes", "name") }
}

/// What the analyzer says of a file.
pub fn analyze(path: &str, text: &str) -> Report {
    let setup = setup();
    let config = serde_json::from_str(&setup.config).expect("the defaults fit the configuration");
    let mut secrets = Secrets::new(config, &setup).expect("an instance");
    let query = |_: &str| Err("no tree".to_owned());
    let mut report = Report::default();
    secrets.analyze(&Source::new(path, "text", text, &query), &mut report).expect("a report");
    report
}
