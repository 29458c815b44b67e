use wasmtime::component::Component;

use super::measure;

/// The target of the log line that tells of a compilation, which may take many seconds.
pub const COMPILING: &str = "codetune_plugin::compiling";

/// Compiles a component whose measures are within what is compiled.
///
/// # Errors
/// Says what there is too much of, or what is malformed.
pub(super) fn compile(engine: &wasmtime::Engine, bytes: &[u8], plugin: &str) -> Result<Component, String> {
    measure::judge(bytes)?;
    tracing::info!(target: COMPILING, plugin, "compiling {plugin}");
    Component::new(engine, bytes).map_err(|error| format!("the component does not compile: {error:#}"))
}
