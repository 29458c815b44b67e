use codetune_plugin_sdk::Error;

use crate::patterns::{java_default, python_irrefutable, rust_irrefutable};

/// How a language names, calls and imports things, and where its constructs are in the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language {
    /// The query whose capture names [`crate::captures::Kind`] lists.
    pub query: &'static str,
    /// What joins a name to the name of what it is in.
    pub separator: &'static str,
    /// What stands before the name of a function that is called on the value at hand, or of its type.
    pub receivers: &'static [&'static str],
    /// Whether methods are called by their name alone too.
    pub bare_methods: bool,
    /// Whether functions of one name are told apart by their parameters.
    pub overloads: bool,
    /// Whether functions stand in for namespaces and classes: one without branches of its own is then none of the
    /// nesting of those in it. (*Cognitive Complexity*, "Compensating usages", JavaScript.)
    pub declarative: bool,
    /// Whether a line that begins with `#` is none of the code.
    pub preprocessed: bool,
    relative: fn(&str) -> bool,
    catches_all: fn(&str) -> bool,
}

impl Language {
    /// Finds what is known of a language by its id.
    ///
    /// # Errors
    /// [`Error::Refused`] for a language that the manifest does not list.
    pub fn of(id: &str) -> Result<Language, Error> {
        macro_rules! query {
            ($($file:literal),*) => {
                concat!($(include_str!(concat!("../queries/", $file, ".scm")), "\n",)*
                    include_str!("../queries/errors.scm"))
            };
        }
        let plain = Language {
            query: "",
            separator: ".",
            receivers: &[],
            bare_methods: false,
            overloads: false,
            declarative: false,
            preprocessed: false,
            relative: |_| false,
            catches_all: |_| false,
        };
        let ecmascript =
            Language { receivers: &["this."], declarative: true, relative: relative_path, ..plain };
        let c = Language {
            separator: "::",
            preprocessed: true,
            relative: |source| source.starts_with('"'),
            ..plain
        };
        Ok(match id {
            "rust" => Language {
                query: query!("rust"),
                separator: "::",
                receivers: &["self.", "Self::"],
                relative: relative_in_rust,
                catches_all: rust_irrefutable,
                ..plain
            },
            "python" => Language {
                query: query!("python"),
                receivers: &["self.", "cls."],
                relative: |source| source.starts_with('.'),
                catches_all: python_irrefutable,
                ..plain
            },
            "javascript" => Language { query: query!("jsx", "javascript", "ecmascript"), ..ecmascript },
            "typescript" => Language { query: query!("typescript", "ecmascript"), ..ecmascript },
            "tsx" => Language { query: query!("jsx", "typescript", "ecmascript"), ..ecmascript },
            "go" => Language { query: query!("go"), relative: relative_path, ..plain },
            "c" => Language { query: query!("c", "c_only"), ..c },
            "cpp" => Language {
                query: query!("c", "cpp"),
                receivers: &["this->"],
                bare_methods: true,
                overloads: true,
                ..c
            },
            "java" => Language {
                query: query!("java"),
                receivers: &["this."],
                bare_methods: true,
                overloads: true,
                catches_all: java_default,
                ..plain
            },
            _ => return Err(Error::Refused(format!("no metrics for the language `{id}`"))),
        })
    }

    /// Whether an import of `source`, as written, names something relative to the file or its package.
    pub fn is_relative(&self, source: &str) -> bool {
        (self.relative)(source)
    }

    /// Whether an arm with this pattern takes all that the arms before it left.
    pub fn catches_all(&self, pattern: &str) -> bool {
        (self.catches_all)(pattern)
    }
}

fn relative_in_rust(source: &str) -> bool {
    let first = source.split("::").next().unwrap_or_default().trim();
    matches!(first.split_whitespace().next(), Some("crate" | "self" | "super"))
}

/// Go's and ECMAScript's rule.
fn relative_path(source: &str) -> bool {
    let path = source.trim_matches(['"', '\'', '`']);
    path == "." || path == ".." || path.starts_with("./") || path.starts_with("../")
}
