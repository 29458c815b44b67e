use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::Error;

/// One captured node of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Capture {
    /// Which pattern of the query matched, in the order of the query's text.
    pub pattern: u32,
    /// Which capture name: an index into [`Captures::names`].
    pub name: u32,
    /// Captures of one match share this number.
    pub match_id: u32,
    /// The first byte of the node.
    pub start: u32,
    /// One past the last byte of the node.
    pub end: u32,
}

impl Capture {
    /// The node's bytes in the text.
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What a query found: ordered by start, then longest first, then pattern, then name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    /// The capture names of the query, without `@`.
    pub names: Vec<String>,
    /// The captured nodes.
    pub items: Vec<Capture>,
}

impl Captures {
    /// The name of a capture, without `@`; empty where the index is out of range.
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
    /// A source whose queries `query` answers: what runtimes make of a host's file, and an author's unit
    /// test of a text.
    pub fn new(
        path: impl Into<Cow<'a, str>>,
        language: impl Into<Cow<'a, str>>,
        text: impl Into<Cow<'a, str>>,
        query: &'a dyn Fn(&str) -> Result<Captures, String>,
    ) -> Self {
        let (path, language) = (Name::Known(path.into()), Name::Known(language.into()));
        Source { path, language, text: text.into(), query }
    }

    /// A source whose path and language are asked for when the analyzer wants them: each is a call to the host.
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

    /// The language's id: `rust`, `python`, `javascript`, …; `text` where there is no grammar.
    pub fn language(&self) -> &str {
        self.language.get()
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Runs a tree-sitter query over the syntax tree.
    ///
    /// # Errors
    /// [`Error::Failed`] says what is wrong with the pattern and where, or that the file has no tree.
    pub fn query(&self, pattern: &str) -> Result<Captures, Error> {
        (self.query)(pattern).map_err(Error::Failed)
    }
}

/// A short text that not every analyzer asks for.
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

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum LogLevel {
    /// Something is broken.
    Error = 0,
    /// Something looks wrong.
    Warn = 1,
    /// Worth knowing.
    Info = 2,
    /// For the plugin's author.
    Debug = 3,
}

/// Adds a line to the host's log under the plugin's name. Outside a call from the host it does nothing.
///
/// Of each call the host writes as many lines as fit the plugin's output limit, each counted with its bytes and 32
/// more; it drops the rest, and says how many those were.
pub fn log(level: LogLevel, message: &str) {
    #[cfg(not(target_family = "wasm"))]
    crate::native::log(level, message);
    #[cfg(target_family = "wasm")]
    crate::wasm::log(level, message);
}
