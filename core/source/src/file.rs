//! A file in memory: text, lines and syntax tree.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use tree_sitter::Tree;

use super::budget::WorkBudget;
use super::decode::decode;
use super::language::Language;
use super::lines::LineIndex;
use super::query::{self, Captures, QueryError, QueryLimits};
use super::sizes::MAX_BYTES_CEILING;
use super::skip::SkipReason;
use super::syntax::{self, ParseError};

/// A flag that is never set.
static NEVER: AtomicBool = AtomicBool::new(false);

/// A decoded source file. It can be shared between threads; lines and tree are computed on first use.
///
/// All offsets are bytes of [`SourceFile::text`], which is UTF-8 regardless of the file's encoding.
pub struct SourceFile {
    path: Box<str>,
    language: Language,
    text: Arc<str>,
    bytes: u64,
    digest: blake3::Hash,
    encoding: Box<str>,
    lines: OnceLock<LineIndex>,
    syntax: OnceLock<Result<Tree, ParseError>>,
}

impl SourceFile {
    /// Creates a file from its content, as [`load`](super::load) reads it.
    ///
    /// # Errors
    /// As [`decode`], and [`SkipReason::TooLarge`] above [`MAX_BYTES_CEILING`].
    pub fn from_bytes(path: &str, language: Language, bytes: &[u8]) -> Result<Self, SkipReason> {
        if bytes.len() as u64 > MAX_BYTES_CEILING {
            return Err(SkipReason::TooLarge { bytes: bytes.len() as u64, limit: MAX_BYTES_CEILING });
        }
        let decoded = decode(bytes, language)?;
        let is_header = path.rsplit('.').next().is_some_and(|extension| extension == "h");
        let language =
            if language == Language::C && is_header { Language::of_header(&decoded.text) } else { language };
        Ok(Self {
            path: path.into(),
            language,
            text: decoded.text.into(),
            bytes: bytes.len() as u64,
            digest: blake3::hash(bytes),
            encoding: decoded.encoding.into(),
            lines: OnceLock::new(),
            syntax: OnceLock::new(),
        })
    }

    /// Path relative to the root, separated by `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text, without a byte order mark and with line feeds for lone carriage returns that end lines.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, shared instead of copied.
    pub fn shared_text(&self) -> Arc<str> {
        self.text.clone()
    }

    /// Size of the encoded file in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Digest of the encoded file.
    pub fn digest(&self) -> &blake3::Hash {
        &self.digest
    }

    /// The encoding: the declared or detected one.
    pub fn encoding(&self) -> &str {
        &self.encoding
    }

    /// The lines of the text.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(self.text.clone()))
    }

    /// The syntax tree; if `None`, [`SourceFile::syntax`] has the reason.
    pub fn tree(&self) -> Option<&Tree> {
        self.syntax().ok()
    }

    /// The syntax tree, parsed on first use and shared.
    ///
    /// # Errors
    /// [`ParseError`] for a language without a grammar, or a text that exceeds [`WorkBudget::PARSE`]. The error is the
    /// same every time.
    pub fn syntax(&self) -> Result<&Tree, &ParseError> {
        self.syntax_until(&NEVER)
    }

    /// As [`syntax`](Self::syntax); setting `stop` makes a running parse fail permanently.
    fn syntax_until(&self, stop: &AtomicBool) -> Result<&Tree, &ParseError> {
        self.syntax.get_or_init(|| syntax::parse(self.language, &self.text, WorkBudget::PARSE, stop)).as_ref()
    }

    /// Runs a tree-sitter query with the default limits; see [`SourceFile::query_within`].
    ///
    /// # Errors
    /// As [`SourceFile::query_within`].
    pub fn query(&self, pattern: &str) -> Result<Captures, QueryError> {
        self.query_within(pattern, &QueryLimits::default())
    }

    /// Runs a tree-sitter query over the whole tree.
    ///
    /// Supports the text predicates `#eq?`, `#match?`, `#any-of?` and their `not-` and `any-` variants. Compiled
    /// patterns are cached for the whole process.
    ///
    /// # Errors
    /// [`QueryError`] if the pattern is invalid for the language, the file has no tree, or a limit is exceeded. Results
    /// are never partial.
    pub fn query_within(&self, pattern: &str, limits: &QueryLimits) -> Result<Captures, QueryError> {
        self.query_until(pattern, limits, &NEVER)
    }

    /// As [`query_within`](Self::query_within); setting `stop` makes it fail.
    ///
    /// # Errors
    /// Those of `query_within`, including [`Exhausted::Stopped`](crate::Exhausted::Stopped).
    pub fn query_until(
        &self,
        pattern: &str,
        limits: &QueryLimits,
        stop: &AtomicBool,
    ) -> Result<Captures, QueryError> {
        // Report an invalid pattern before anything about this file.
        let compiled = query::compiled(self.language, pattern)?;
        let tree = self.syntax_until(stop).map_err(|error| QueryError::NoTree(error.clone()))?;
        query::run(&compiled, tree, &self.text, limits, stop)
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile")
            .field("path", &self.path)
            .field("language", &self.language)
            .field("bytes", &self.text.len())
            .field("parsed", &self.syntax.get().is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_parsed_once_for_all_threads() {
        let file = SourceFile::from_bytes("a.py", Language::Python, b"def f(): pass\n").unwrap();
        let trees: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| std::ptr::from_ref(file.tree().unwrap()) as usize)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(trees.iter().all(|tree| *tree == trees[0]));
        file.query("(function_definition) @f").unwrap();
        assert_eq!(std::ptr::from_ref(file.tree().unwrap()) as usize, trees[0]);
    }

    #[test]
    fn digest_is_of_the_bytes_and_text_is_decoded() {
        let bytes = "\u{feff}int x;\n".as_bytes();
        let file = SourceFile::from_bytes("a.c", Language::C, bytes).unwrap();
        assert_eq!(*file.digest(), blake3::hash(bytes));
        assert_eq!((file.text(), file.encoding()), ("int x;\n", "UTF-8"));
    }

    #[test]
    fn a_header_of_cpp_is_parsed_as_cpp() {
        let text = b"namespace a {\ntemplate <class T> T id(T t) { return t; }\n}\n";
        let file = SourceFile::from_bytes("inc/a.h", Language::C, text).unwrap();
        assert_eq!(file.language(), Language::Cpp);
        assert!(!file.tree().unwrap().root_node().has_error());
        let plain = SourceFile::from_bytes("inc/a.h", Language::C, b"int f(void);\n").unwrap();
        assert_eq!(plain.language(), Language::C);
    }

    #[test]
    fn text_has_lines_but_no_tree() {
        let file = SourceFile::from_bytes("notes", Language::Text, b"one\ntwo\n").unwrap();
        assert_eq!(file.lines().line(2), Some("two"));
        assert!(file.tree().is_none());
        assert!(matches!(file.syntax(), Err(ParseError::NoGrammar { language: Language::Text })));
    }
}
