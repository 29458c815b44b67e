/// What the manifest's `config` table declares: the thresholds above which a function is reported. 0 reports
/// none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Cyclomatic complexity.
    pub max_cyclomatic: u32,
    /// Cognitive complexity.
    pub max_cognitive: u32,
    /// Lines that a function spans.
    pub max_function_lines: u32,
    /// Levels of nested branches and loops.
    pub max_nesting: u32,
    /// Declared parameters.
    pub max_parameters: u32,
}
