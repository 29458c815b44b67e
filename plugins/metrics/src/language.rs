use codetune_plugin_sdk::Error;

/// How a language names and imports things, and where its constructs are in the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language {
    /// The query whose capture names [`crate::captures::Kind`] lists.
    pub query: &'static str,
    /// What joins a name to the name of what it is in.
    pub separator: &'static str,
    relative: fn(&str) -> bool,
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
        let (query, separator, relative): (_, _, fn(&str) -> bool) = match id {
            "rust" => (query!("rust"), "::", relative_in_rust),
            "python" => (query!("python"), ".", |source| source.starts_with('.')),
            "javascript" => (query!("ecmascript", "javascript"), ".", relative_in_ecmascript),
            "typescript" | "tsx" => (query!("ecmascript", "typescript"), ".", relative_in_ecmascript),
            "go" => (query!("go"), ".", relative_in_ecmascript),
            "c" => (query!("c", "c_only"), "::", |source| source.starts_with('"')),
            "cpp" => (query!("c", "cpp"), "::", |source| source.starts_with('"')),
            "java" => (query!("java"), ".", |_| false),
            _ => return Err(Error::Refused(format!("no metrics for the language `{id}`"))),
        };
        Ok(Language { query, separator, relative })
    }

    /// Whether an import of `source`, as written, names something relative to the file or its package.
    pub fn is_relative(&self, source: &str) -> bool {
        (self.relative)(source)
    }
}

fn relative_in_rust(source: &str) -> bool {
    let first = source.split("::").next().unwrap_or_default().trim();
    matches!(first.split_whitespace().next(), Some("crate" | "self" | "super"))
}

/// Also Go's rule, whose relative paths are written the same way.
fn relative_in_ecmascript(source: &str) -> bool {
    let path = source.trim_matches(['"', '\'', '`']);
    path == "." || path == ".." || path.starts_with("./") || path.starts_with("../")
}
