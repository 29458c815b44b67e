/// What the manifest's `config` table declares: the thresholds above which a function is reported, of which 0 reports
/// none, and how cognitive complexity counts.
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
    /// Whether nested functions add to the cognitive complexity of the function around them.
    pub cognitive_nested: bool,
    /// Whether recursion adds to cognitive complexity.
    pub cognitive_recursion: bool,
}
