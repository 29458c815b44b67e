//! Why a query gives no answer.

use thiserror::Error;

use crate::budget::Exhausted;
use crate::language::Language;
use crate::syntax::ParseError;

/// Why a query over a file gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error, miette::Diagnostic)]
pub enum QueryError {
    /// The pattern is not a query for this language.
    #[error("the query for {language} is not valid at line {line}, column {column}: {problem}")]
    #[diagnostic(code(source::query::invalid))]
    Invalid {
        /// The language it was compiled for.
        language: Language,
        /// Line in the pattern, from 1.
        line: u32,
        /// Column in the pattern, in characters from 1.
        column: u32,
        /// What is wrong there, and what would be right where that is known.
        problem: String,
    },
    /// The pattern is longer than any query needs.
    #[error("the query is {bytes} bytes long, the limit is {limit}")]
    #[diagnostic(code(source::query::too_long), help("only the plugin's author can split it"))]
    TooLong {
        /// Its length, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// Brackets of the pattern are nested too deeply.
    #[error("the query nests deeper than {limit} levels")]
    #[diagnostic(
        code(source::query::too_deep),
        help("only the plugin's author can match an inner node on its own")
    )]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More of something than any query needs.
    #[error("the query has {count} {what}, the limit is {limit}")]
    #[diagnostic(code(source::query::too_many_parts), help("split it"))]
    TooManyParts {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// The limit.
        limit: u64,
    },
    /// A node of the pattern has so many children, branches and optional parts that to tell whether they can
    /// match would take too long.
    #[error(
        "the node at line {line}, column {column} of the query has too many children, branches or optional parts to be compiled"
    )]
    #[diagnostic(code(source::query::too_many_siblings), help("match fewer of its children at once"))]
    TooManySiblings {
        /// Line in the pattern, from 1.
        line: u32,
        /// Column in the pattern, in characters from 1.
        column: u32,
    },
    /// Too many nodes of the query have children.
    #[error("the query would cost {cost} units to compile, the limit is {limit}")]
    #[diagnostic(code(source::query::too_many_lists), help("split it"))]
    TooManyLists {
        /// What it would cost.
        cost: u64,
        /// The limit.
        limit: u64,
    },
    /// An analyzer asks for more different queries than any needs.
    #[error("it asks for more different queries in one run than are compiled for one plugin")]
    #[diagnostic(code(source::query::too_many_queries), help("use fewer patterns"))]
    TooManyQueries,
    /// The file has no syntax tree.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NoTree(ParseError),
    /// The answer is too large.
    #[error("the query captures more than {limit} nodes in this file")]
    #[diagnostic(
        code(source::query::too_many_captures),
        help("leave the file out (--exclude), or ask the plugin's author to capture fewer")
    )]
    TooManyCaptures {
        /// The limit.
        limit: u32,
    },
    /// Too many matches were open at once, and some would be lost.
    #[error("the query has more than {limit} unfinished matches at once in this file")]
    #[diagnostic(
        code(source::query::too_many_open_matches),
        help(
            "leave the file out (--exclude), or ask the plugin's author for more specific patterns or fewer quantifiers"
        )
    )]
    TooManyOpenMatches {
        /// The limit.
        limit: u32,
    },
    /// The query costs more than it may.
    #[error("the query was given up in this file: {0}")]
    #[diagnostic(
        code(source::query::exhausted),
        help("leave the file out (--exclude), or ask the plugin's author for more specific patterns")
    )]
    Exhausted(Exhausted),
    /// The limit on open matches is out of range.
    #[error("the limit on open matches is {open_matches}, it must be from 1 to 65536")]
    #[diagnostic(code(source::query::bad_limit))]
    BadLimit {
        /// The limit that was asked for.
        open_matches: u32,
    },
}
