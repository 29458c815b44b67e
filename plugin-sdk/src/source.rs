use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::error::Error;

/// A captured node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Capture {
    /// The index of the pattern in the query.
    pub pattern: u32,
    /// The capture name: an index into [`Captures::names`].
    pub name: u32,
    /// The number of the match, shared by its captures.
    pub match_id: u32,
    /// Start offset in bytes.
    pub start: u32,
    /// End offset in bytes.
    pub end: u32,
}

impl Capture {
    /// The span in bytes.
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The results of a query, sorted by start, then longest first, then pattern, then name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    /// The capture names of the query, without `@`.
    pub names: Vec<String>,
    /// The captured nodes.
    pub items: Vec<Capture>,
}

impl Captures {
    /// The name of a capture, without `@`; empty if the index is out of range.
    pub fn name(&self, capture: &Capture) -> &str {
        self.names.get(capture.name as usize).map_or("", String::as_str)
    }
}

/// A source file, decoded and parsed by the host.
pub struct Source<'a> {
    path: Name<'a>,
    language: Name<'a>,
    text: Cow<'a, str>,
    query: &'a dyn Fn(&str) -> Result<Captures, String>,
}

impl<'a> Source<'a> {
    /// A source whose queries are answered by `query`; for runtimes and for unit tests.
    pub fn new(
        path: impl Into<Cow<'a, str>>,
        language: impl Into<Cow<'a, str>>,
        text: impl Into<Cow<'a, str>>,
        query: &'a dyn Fn(&str) -> Result<Captures, String>,
    ) -> Self {
        let (path, language) = (Name::Known(path.into()), Name::Known(language.into()));
        Source { path, language, text: text.into(), query }
    }

    /// A source whose path and language are only requested from the host when needed.
    #[cfg(target_family = "wasm")]
    pub(crate) fn asking(
        path: &'a dyn Fn() -> String,
        language: &'a dyn Fn() -> String,
        text: String,
        query: &'a dyn Fn(&str) -> Result<Captures, String>,
    ) -> Self {
        let asked = |of| Name::Asked { of, answer: OnceCell::new() };
        Source { path: asked(path), language: asked(language), text: text.into(), query }
    }

    /// The path relative to the root of the analysis, separated by `/`.
    pub fn path(&self) -> &str {
        self.path.get()
    }

    /// The language id: `rust`, `python`, `javascript`, …; `text` without a grammar.
    pub fn language(&self) -> &str {
        self.language.get()
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Runs a tree-sitter query.
    ///
    /// # Errors
    /// [`Error::Failed`] if the pattern is invalid, with the position, or the file has no tree.
    pub fn query(&self, pattern: &str) -> Result<Captures, Error> {
        (self.query)(pattern).map_err(Error::Failed)
    }
}

/// A text that is computed on first use.
enum Name<'a> {
    Known(Cow<'a, str>),
    #[cfg_attr(
        not(target_family = "wasm"),
        expect(dead_code, reason = "other runtimes hand all over at once")
    )]
    Asked {
        of: &'a dyn Fn() -> String,
        answer: OnceCell<String>,
    },
}

impl Name<'_> {
    fn get(&self) -> &str {
        match self {
            Name::Known(name) => name,
            Name::Asked { of, answer } => answer.get_or_init(of),
        }
    }
}
