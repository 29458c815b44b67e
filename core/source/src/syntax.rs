//! Parsing with bounded work.

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;

use thiserror::Error;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::angles;
use super::budget::{Exhausted, Meter, WorkBudget};
use super::language::Language;
use super::prepare::prepare;

/// Why a file has no syntax tree. Syntax errors are not errors: they are nodes of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Error, miette::Diagnostic)]
pub enum ParseError {
    /// There is no grammar for the language.
    #[error("there is no grammar for {language} files, so they have no syntax tree")]
    #[diagnostic(code(source::syntax::no_grammar), help("only the plugin's author can leave them unqueried"))]
    NoGrammar {
        /// The file's language.
        language: Language,
    },
    /// The grammar and the parser library are incompatible.
    #[error("the {language} grammar does not fit this build: {message}")]
    #[diagnostic(code(source::syntax::grammar), help("report it with the version of codetune"))]
    Grammar {
        /// The file's language.
        language: Language,
        /// The error of the parser library.
        message: String,
    },
    /// The text is too large to parse.
    #[error(
        "{bytes} bytes of {language} were not parsed: syntax trees are made of at most {} MiB",
        LARGEST >> 20
    )]
    #[diagnostic(code(source::syntax::too_large), help("exclude the file, it is most likely generated"))]
    TooLarge {
        /// The file's language.
        language: Language,
        /// Size of the text, in bytes.
        bytes: usize,
    },
    /// Parsing would take unbounded memory.
    #[error("{language} with more than {} angle brackets open at once was not parsed", angles::MOST)]
    #[diagnostic(code(source::syntax::too_deep), help("exclude the file, it is most likely generated"))]
    TooDeep {
        /// The file's language.
        language: Language,
    },
    /// Parsing exceeded its budget.
    #[error("parsing {bytes} bytes of {language} was given up: {exhausted}")]
    #[diagnostic(code(source::syntax::exhausted), help("exclude the file, it is most likely generated"))]
    Exhausted {
        /// The file's language.
        language: Language,
        /// Size of the text, in bytes.
        bytes: usize,
        /// The exhausted limit.
        exhausted: Exhausted,
    },
}

/// Maximum size of a text to parse, in bytes. A tree takes about 35 times the size of its text (measured on minified
/// JavaScript), which no budget limits in advance.
const LARGEST: usize = 16 << 20;

thread_local! {
    /// One parser per thread for all languages, since parsers keep their memory between files.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// Parses a text with the grammar of its language.
///
/// A text with syntax errors is parsed again without constructs that the grammar does not know, and the tree with fewer
/// errors is returned; see [`prepare`]. Offsets are those of `text` in both cases.
///
/// # Errors
/// As [`ParseError`], including that `stop` was set.
pub(super) fn parse(
    language: Language,
    text: &str,
    budget: WorkBudget,
    stop: &AtomicBool,
) -> Result<Tree, ParseError> {
    let tree = parse_exactly(language, text, budget, stop)?;
    if !tree.root_node().has_error() {
        return Ok(tree);
    }
    let other = prepare(language, text).and_then(|text| parse_exactly(language, &text, budget, stop).ok());
    Ok(other.filter(|other| errors(other) < errors(&tree)).unwrap_or(tree))
}

/// Bytes in error nodes, including missing tokens, and the number of such nodes.
fn errors(tree: &Tree) -> (usize, usize) {
    let (mut bytes, mut places) = (0, 0);
    let mut cursor = tree.walk();
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        if node.is_error() || node.is_missing() {
            bytes += node.byte_range().len().max(1);
            places += 1;
        } else if node.has_error() {
            open.extend(node.children(&mut cursor));
        }
    }
    (bytes, places)
}

fn parse_exactly(
    language: Language,
    text: &str,
    budget: WorkBudget,
    stop: &AtomicBool,
) -> Result<Tree, ParseError> {
    let grammar = language.grammar().ok_or(ParseError::NoGrammar { language })?;
    if text.len() > LARGEST {
        return Err(ParseError::TooLarge { language, bytes: text.len() });
    }
    if angles::too_many_open(language, text) {
        return Err(ParseError::TooDeep { language });
    }
    PARSER.with_borrow_mut(|parser| {
        parser
            .set_language(&grammar)
            .map_err(|error| ParseError::Grammar { language, message: error.to_string() })?;
        let meter = Meter::start(budget, stop);
        let mut progress = |_: &ParseState| meter.spend(1);
        let bytes = text.as_bytes();
        let tree = parser.parse_with_options(
            &mut |offset, _| bytes.get(offset..).unwrap_or_default(),
            None,
            Some(ParseOptions::new().progress_callback(&mut progress)),
        );
        tree.ok_or_else(|| {
            // Otherwise, the next text would be parsed as a continuation of this one.
            parser.reset();
            match meter.exhausted() {
                Some(exhausted) => ParseError::Exhausted { language, bytes: bytes.len(), exhausted },
                None => ParseError::Grammar { language, message: "no tree, and no reason".into() },
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parse(language: Language, text: &str, budget: WorkBudget) -> Result<Tree, ParseError> {
        super::parse(language, text, budget, &AtomicBool::new(false))
    }

    #[test]
    fn every_language_parses_its_own_code_without_an_error() {
        for (language, text) in [
            (Language::Rust, "async fn f<'a>(x: &'a str) -> usize { x.len() }\n"),
            (Language::Python, "async def f(x, /, *, y=1):\n    return [a for a in x if (b := a)]\n"),
            (Language::JavaScript, "export const f = async (x) => <p>{x?.y ?? 1}</p>;\n"),
            (
                Language::TypeScript,
                "export function f<T extends object>(x: T): keyof T { return x as any; }\n",
            ),
            (Language::Tsx, "export const F = (p: { x: number }) => <p>{p.x}</p>;\n"),
            (Language::Go, "package p\n\nfunc F[T any](x ...T) (int, error) { return len(x), nil }\n"),
            (Language::C, "static int f(const char *x) { return x ? *x : 0; }\n"),
            (Language::Cpp, "template <class T> auto f(T &&x) -> decltype(x) { return x; }\n"),
            (Language::Java, "class A { <T> int f(T x) { return switch (1) { default -> 2; }; } }\n"),
        ] {
            let tree = parse(language, text, WorkBudget::PARSE).unwrap();
            assert!(!tree.root_node().has_error(), "{language}: {}", tree.root_node().to_sexp());
        }
    }

    #[test]
    fn text_has_no_grammar() {
        assert_eq!(
            parse(Language::Text, "x", WorkBudget::PARSE).unwrap_err(),
            ParseError::NoGrammar { language: Language::Text }
        );
    }

    #[test]
    fn a_text_whose_tree_would_take_gigabytes_is_refused_before() {
        let bytes = LARGEST + 1;
        let error = parse(Language::C, &" ".repeat(bytes), WorkBudget::PARSE).unwrap_err();
        assert_eq!(error, ParseError::TooLarge { language: Language::C, bytes });
        assert!(parse(Language::C, &" ".repeat(LARGEST), WorkBudget::PARSE).is_ok());
    }

    #[test]
    fn a_text_that_would_take_memory_with_the_square_of_its_length_is_refused_before() {
        for (language, unit) in [(Language::Java, "A<"), (Language::TypeScript, "A<B,")] {
            let error = parse(language, &unit.repeat(20_000), WorkBudget::PARSE).unwrap_err();
            assert_eq!(error, ParseError::TooDeep { language });
            assert!(parse(language, &unit.repeat(1000), WorkBudget::PARSE).is_ok());
        }
    }

    #[test]
    fn a_parse_beyond_its_budget_is_given_up_and_spoils_nothing() {
        let long = "int f(void) { return 1; }\n".repeat(2000);
        let tight = WorkBudget { work: 5, time: Duration::from_secs(3600) };
        let error = parse(Language::C, &long, tight).unwrap_err();
        assert!(
            matches!(error, ParseError::Exhausted { exhausted: Exhausted::Work(5), bytes: 52_000, .. }),
            "{error}"
        );
        let tree = parse(Language::C, "int x;\n", WorkBudget::PARSE).unwrap();
        assert_eq!(tree.root_node().to_sexp().matches("declaration").count(), 1);
        assert!(!tree.root_node().has_error());
    }
}
