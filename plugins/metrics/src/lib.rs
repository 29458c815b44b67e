//! Size, nesting and complexity of files and of the functions in them.
//!
//! All of it comes from one tree-sitter query a language (`queries/`), which the host runs; how captured nodes
//! lie within one another says the rest.
//!
//! # What counts
//!
//! **Functions** are functions and methods with a body, asynchronous and nested ones included; each counts for
//! itself. In JavaScript and TypeScript every function expression and arrow function is one too, by the name of what it
//! is assigned to, by its own, or as `router.get(callback)`. Elsewhere closures and lambdas are no functions: what they
//! hold counts to the function around them. Where there is none around and the body is a block, they are functions.
//!
//! **Classes** are: Rust `struct`, `enum`, `union` and `trait` (an `impl` only gives its name to its methods);
//! Python `class`; JavaScript `class`; TypeScript also `interface` and `enum`; Go `struct` and `interface`
//! type declarations; C and C++ `struct`, `union`, `enum` and `class` with a body, behind macros too; Java
//! classes, interfaces, enums, records and annotation types.
//!
//! **Names** are joined to those around them: of types, `impl` blocks, modules, namespaces and functions, and
//! of the receiver's type in Go. Of more than 256 bytes around a name the innermost stand, behind `…`.
//!
//! **Imports** are import statements, whatever number of names they bring in; `#include`, `require("x")`,
//! `import("x")` and `export … from "x"` too. **Relative imports** begin with `.` in Python, `./` or `../` in
//! JavaScript, TypeScript and Go, `crate`, `self` or `super` in Rust, and `"` in C and C++; Java has none.
//!
//! **Parameters** are those declared, with `self`, `this` and variadic ones, without the receivers
//! of Go and Java.
//!
//! **Cyclomatic complexity** (McCabe, *A Complexity Measure*, 1976) is 1 plus the decisions: `if`, `elif`,
//! loops with a condition or a range, `case` but not `default`, `match` arms but not those that everything matches
//! (`_`, a name, Python's irrefutable patterns of PEP 634, Java's `case null, default`), guards of arms and
//! cases, `catch`, `&&`, `||`, the conditional operator, the `for` and `if` of a comprehension, `let … else`; as in
//! ESLint's rule `complexity`, JavaScript's `??`, `?.`, `??=`, `||=`, `&&=` and defaults of parameters and patterns.
//! Not endless loops (Rust's `loop`, `for (;;)`, Go's `for {}`), Rust's `?` and `#if`.
//!
//! **Cognitive complexity** (G. A. Campbell, *Cognitive Complexity*, SonarSource, 2023): branches, all loops,
//! `switch`, `match`, `catch` and conditional operators add 1 and 1 more for each of them around, closures
//! and functions too; `else`, `elif`, jumps to labels and each sequence of like boolean operators add 1, and so does
//! recursion, direct or in a circle, as far as the calls of one file tell. What a nested function holds counts to the
//! function around it as well; exempt are Python's decorators, which do not deepen what they return, and functions of
//! JavaScript without branches of their own, which stand for namespaces. A condition counts as inside its branch. The
//! options `cognitive_nested` and `cognitive_recursion` make each function count for itself and recursion nothing. The
//! sum of a file counts everything once.
//!
//! **Nesting** is the deepest chain of those nesting constructs, closures aside; `else if` does not deepen it.
//!
//! **Syntax errors** are what the grammar could not parse after the host took away macros and other things that no
//! grammar knows; the error ratio is the share of the text in them.
//!
//! Other tools differ: lizard counts preprocessor conditions in C and C++, `?` in Rust and no comprehension in
//! some versions; radon adds 1 for `assert` and for `else` on loops and `try`, and adds nested functions to the
//! outer one; SonarJS leaves out `||`. Code inside Rust macro calls is tokens to the grammar, so none of it counts.
#![deny(missing_docs)]

mod boolean;
mod captures;
mod cognitive;
mod config;
mod errors;
mod function;
mod gaps;
mod index;
mod language;
mod lines;
mod names;
mod patterns;
mod qualified;
mod recursion;
mod structure;

pub use config::Config;

use codetune_plugin_sdk::{Analyzer, Error, Report, RuleId, Setup, Severity, Source, Subject};

use crate::cognitive::accumulate;
use crate::errors::error_ratio;
use crate::function::Function;
use crate::language::Language;
use crate::lines::{LineCounts, Lines};
use crate::names::Names;
use crate::recursion::recursive;
use crate::structure::{Structure, structure};

/// Measures files and functions, and reports functions above the configured thresholds.
pub struct Metrics {
    config: Config,
    names: Names,
}

impl Analyzer for Metrics {
    type Config = Config;

    fn new(config: Config, setup: &Setup) -> Result<Self, Error> {
        Ok(Metrics { config, names: Names::new(setup)? })
    }

    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
        let language = Language::of(source.language())?;
        let captures = source.query(language.query)?;
        let mut structure = structure(source.text(), &language, &captures);
        let sum_cognitive = self.cognitive(source.text(), &language, &mut structure);
        let lines = Lines::new(source.text(), &structure.comments);
        self.file(source.text(), &structure, sum_cognitive, &lines, report);
        for function in &structure.functions {
            let counts = lines.within(&function.span);
            self.function(function, counts, report);
            self.findings(function, counts, source.text(), report);
        }
        Ok(())
    }
}

codetune_plugin_sdk::export!(analyzer: Metrics);

impl Metrics {
    /// Gives each function its cognitive complexity, and returns that of the file.
    fn cognitive(&self, text: &str, language: &Language, structure: &mut Structure) -> usize {
        if self.config.cognitive_recursion {
            let recursive = recursive(text, language, &structure.functions, &structure.calls);
            for (function, recursive) in structure.functions.iter_mut().zip(recursive) {
                function.cognitive += usize::from(recursive);
            }
        }
        let nested = self.config.cognitive_nested;
        accumulate(&mut structure.functions, structure.outside, nested, language.declarative)
    }

    fn file(
        &self,
        text: &str,
        structure: &Structure,
        sum_cognitive: usize,
        lines: &Lines,
        report: &mut Report,
    ) {
        let names = &self.names;
        let functions = &structure.functions;
        let counts = lines.all();
        let sum = |value: fn(&Function) -> usize| functions.iter().map(value).sum::<usize>();
        let max = |value: fn(&Function) -> usize| functions.iter().map(value).max().unwrap_or(0);
        let mean = |total: usize| total as f64 / functions.len().max(1) as f64;
        let (cyclomatic, cognitive) = (sum(Function::cyclomatic), sum(|f| f.cognitive));
        let longest = functions.iter().map(|f| lines.within(&f.span).total).max().unwrap_or(0);

        let mut integer = |id, value: usize| report.integer(id, Subject::FILE, value as i64);
        integer(names.lines, counts.total);
        integer(names.code_lines, counts.code);
        integer(names.comment_lines, counts.comment);
        integer(names.blank_lines, counts.blank);
        integer(names.functions, functions.len());
        integer(names.async_functions, sum(|f| f.is_async.into()));
        integer(names.classes, structure.classes);
        integer(names.imports, structure.imports);
        integer(names.relative_imports, structure.relative_imports);
        integer(names.syntax_errors, structure.syntax_errors.len());
        integer(names.max_function_lines, longest);
        integer(names.max_parameters, max(|f| f.parameters));
        integer(names.max_nesting, max(|f| f.complexity.nesting).max(structure.outside.nesting));
        integer(names.max_cyclomatic, max(Function::cyclomatic));
        integer(names.sum_cyclomatic, cyclomatic + structure.outside.decisions);
        integer(names.max_cognitive, max(|f| f.cognitive));
        integer(names.sum_cognitive, sum_cognitive);
        report.float(names.error_ratio, Subject::FILE, error_ratio(text, &structure.syntax_errors));
        report.float(names.comment_ratio, Subject::FILE, counts.comment_ratio());
        report.float(names.mean_cyclomatic, Subject::FILE, mean(cyclomatic));
        report.float(names.mean_cognitive, Subject::FILE, mean(cognitive));
    }

    fn function(&self, function: &Function, counts: LineCounts, report: &mut Report) {
        let names = &self.names;
        let subject = report.symbol(&*function.name, function.span.clone());
        let mut integer = |id, value: usize| report.integer(id, subject, value as i64);
        integer(names.function_lines, counts.total);
        integer(names.function_code_lines, counts.code);
        integer(names.function_comment_lines, counts.comment);
        integer(names.function_blank_lines, counts.blank);
        integer(names.parameters, function.parameters);
        integer(names.nesting, function.complexity.nesting);
        integer(names.cyclomatic, function.cyclomatic());
        integer(names.cognitive, function.cognitive);
        report.float(names.function_comment_ratio, subject, counts.comment_ratio());
        report.boolean(names.is_async, subject, function.is_async);
    }

    fn findings(&self, function: &Function, counts: LineCounts, text: &str, report: &mut Report) {
        let (names, config) = (&self.names, &self.config);
        let span = function.name_span.clone().unwrap_or_else(|| {
            let head = text.get(function.span.clone()).and_then(|text| text.lines().next());
            function.span.start..function.span.start + head.map_or(0, str::len)
        });
        let name = &function.name;
        let mut check = |rule: RuleId, value: usize, limit: u32, said: &dyn Fn() -> String| {
            if limit > 0 && value > limit as usize {
                let message = format!("`{name}` {} (at most {limit})", said());
                report.finding(rule, Severity::Warning, span.clone()).message(message);
            }
        };
        let cyclomatic = function.cyclomatic();
        let cognitive = function.cognitive;
        let nesting = function.complexity.nesting;
        let parameters = function.parameters;
        check(names.too_complex, cyclomatic, config.max_cyclomatic, &|| {
            format!("has a cyclomatic complexity of {cyclomatic}")
        });
        check(names.hard_to_follow, cognitive, config.max_cognitive, &|| {
            format!("has a cognitive complexity of {cognitive}")
        });
        check(names.too_long, counts.total, config.max_function_lines, &|| {
            format!("is {} lines long", counts.total)
        });
        check(names.too_deep, nesting, config.max_nesting, &|| format!("nests {nesting} levels deep"));
        check(names.too_many_parameters, parameters, config.max_parameters, &|| {
            format!("takes {parameters} parameters")
        });
    }
}
