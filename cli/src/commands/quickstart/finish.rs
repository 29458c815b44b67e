//! Stage 8: commands to run next.

use std::path::Path;
use std::time::Duration;

use super::corpus::Corpus;
use super::tune::Tuned;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::format::time;

/// Prints commands to run next.
///
/// # Errors
/// Stdout cannot be written.
pub fn show(
    path: &Path,
    corpus: &Corpus,
    base: &Tuned,
    lora: &Tuned,
    took: Duration,
    context: &Context,
) -> Result<(), Failure> {
    let (model, adapter) = (base.summary.output.display(), lora.summary.output.display());
    let text = [
        ("show the fine-tuning run", format!("codetune runs show {}", lora.run)),
        ("show the base run", format!("codetune runs show {}", base.run)),
        (
            "complete your own code",
            format!("codetune generate {model} --adapter {adapter} --prompt '{}'", opening(&corpus.language)),
        ),
        ("list all findings", format!("codetune analyze {} --all", path.display())),
        ("describe a plugin", "codetune plugin info metrics".to_owned()),
        ("train again", format!("codetune train {} --set output.dir='\"again\"'", lora.run_file.display())),
    ];
    for (what, command) in text {
        context.terminal.print(&format!("{what:<26} {command}\n"))?;
    }
    context.terminal.print(&format!("\nfinished in {}\n", time(took)))
}

/// How a function begins in a language.
fn opening(language: &str) -> &'static str {
    match language {
        "python" => "def main():",
        "javascript" | "typescript" | "tsx" => "function main() {",
        "go" => "func main() {",
        "c" | "cpp" => "int main(void) {",
        "java" => "public static void main(String[] args) {",
        _ => "fn main() {",
    }
}
