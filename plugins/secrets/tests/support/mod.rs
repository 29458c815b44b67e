//! Runs the analyzer as the manifest configures it.

use codetune_plugin_sdk::{Report, Setup, Source};
use codetune_plugin_testing as testing;
use codetune_secrets::Secrets;

/// What the host would give.
pub fn setup() -> Setup {
    testing::setup(include_str!("../../plugin.toml"))
}

/// What the analyzer says of a file.
pub fn analyze(path: &str, text: &str) -> Report {
    let setup = setup();
    let query = |_: &str| Err("no tree".to_owned());
    testing::analyze::<Secrets>(
        testing::config::<Secrets>(&setup),
        &setup,
        &Source::new(path, "text", text, &query),
    )
}
