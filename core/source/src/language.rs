//! Languages: detection by file name, grammars and their versions.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A language that files are written in.
///
/// [`Language::Text`] stands for every file without a grammar here; it has text and lines but no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust.
    Rust,
    /// Python 3.
    Python,
    /// JavaScript, JSX included.
    JavaScript,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Go.
    Go,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Java.
    Java,
    /// Anything else.
    Text,
}

impl Language {
    /// Every language, in the order of their discriminants.
    pub const ALL: [Self; 10] = [
        Self::Rust,
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
        Self::Tsx,
        Self::Go,
        Self::C,
        Self::Cpp,
        Self::Java,
        Self::Text,
    ];

    /// The stable identifier that manifests, reports and cache keys use.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Tsx => "tsx",
            Self::Go => "go",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::Java => "java",
            Self::Text => "text",
        }
    }

    /// The language that a file's name tells, or `None` when the name tells nothing.
    ///
    /// Extensions are compared without regard to case, except `.C` and `.H`, which by old custom are C++.
    /// `.h` answers [`Language::C`]; [`Language::of_header`] decides once the text is known.
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if matches!(name, "SConstruct" | "SConscript" | "wscript") {
            return Some(Self::Python);
        }
        let extension = path.extension()?.to_str()?;
        if matches!(extension, "C" | "H") {
            return Some(Self::Cpp);
        }
        Some(match extension.to_ascii_lowercase().as_str() {
            "rs" => Self::Rust,
            "py" | "pyi" | "pyw" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "go" => Self::Go,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "h++" | "ipp" | "tpp" => Self::Cpp,
            "java" => Self::Java,
            _ => return None,
        })
    }

    /// The grammar that parses this language; `None` for [`Language::Text`].
    pub fn grammar(self) -> Option<tree_sitter::Language> {
        Some(match self {
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::C => tree_sitter_c::LANGUAGE.into(),
            Self::Cpp => tree_sitter_cpp::LANGUAGE.into(),
            Self::Java => tree_sitter_java_orchard::LANGUAGE.into(),
            Self::Text => return None,
        })
    }

    /// Package and version of the parser library and of the grammar, for cache keys.
    ///
    /// Trees, and so everything that analyzers derive from them, may differ between two of these. A test
    /// holds the strings equal to the versions in `Cargo.lock`.
    pub const fn grammar_version(self) -> &'static str {
        match self {
            Self::Rust => "tree-sitter 0.27.1, tree-sitter-rust 0.24.2",
            Self::Python => "tree-sitter 0.27.1, tree-sitter-python 0.25.0",
            Self::JavaScript => "tree-sitter 0.27.1, tree-sitter-javascript 0.25.0",
            Self::TypeScript | Self::Tsx => "tree-sitter 0.27.1, tree-sitter-typescript 0.23.2",
            Self::Go => "tree-sitter 0.27.1, tree-sitter-go 0.25.0",
            Self::C => "tree-sitter 0.27.1, tree-sitter-c 0.24.2",
            Self::Cpp => "tree-sitter 0.27.1, tree-sitter-cpp 0.23.4",
            Self::Java => "tree-sitter 0.27.1, tree-sitter-java-orchard 0.5.23",
            Self::Text => "none",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_tell_the_language() {
        for (name, expected) in [
            ("a.rs", Some(Language::Rust)),
            ("pkg/a.PY", Some(Language::Python)),
            ("a.pyi", Some(Language::Python)),
            ("SConstruct", Some(Language::Python)),
            ("a.jsx", Some(Language::JavaScript)),
            ("a.d.ts", Some(Language::TypeScript)),
            ("a.tsx", Some(Language::Tsx)),
            ("a.go", Some(Language::Go)),
            ("a.c", Some(Language::C)),
            ("a.h", Some(Language::C)),
            ("a.C", Some(Language::Cpp)),
            ("a.hpp", Some(Language::Cpp)),
            ("A.java", Some(Language::Java)),
            ("README.md", None),
            ("rs", None),
        ] {
            assert_eq!(Language::of_name(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn grammar_versions_are_those_of_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        for language in Language::ALL.into_iter().filter(|l| l.grammar().is_some()) {
            for package in language.grammar_version().split(", ") {
                let (name, version) = package.split_once(' ').unwrap();
                let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
                assert!(lock.contains(&entry), "{package} is not what Cargo.lock has");
            }
        }
    }
}
