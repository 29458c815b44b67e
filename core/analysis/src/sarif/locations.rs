//! Where things are, in the words of SARIF.

use std::path::{Path, PathBuf};

use codetune_source::repository_of;
use serde_json::{Value, json};

use super::super::{Analysis, LineSpan};

/// The name by which locations refer to the root, the one that CodeQL uses.
pub(super) const ROOT: &str = "%SRCROOT%";

/// Turns paths of an analysis into URIs.
///
/// They are relative to the top of the repository that holds the inputs, as GitHub reads them, and to the root of
/// the analysis where there is none.
pub(super) struct Locations {
    base: PathBuf,
    /// Stands before each path: the root of the analysis below the base.
    before: PathBuf,
    /// Goes from each path: the base below the root of the analysis.
    beyond: PathBuf,
    /// The inputs below the base.
    scope: PathBuf,
}

impl Locations {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let root = &analysis.root;
        let inputs = root.join(&analysis.scope);
        let base = repository_of(&inputs).unwrap_or_else(|| root.clone());
        let below = |path: &Path, top: &Path| path.strip_prefix(top).unwrap_or(Path::new("")).to_owned();
        Locations {
            before: below(root, &base),
            beyond: below(&base, root),
            scope: below(&inputs, &base),
            base,
        }
    }

    /// What tells this analysis from others of the same commit, in GitHub's words its category.
    pub(super) fn category(&self) -> String {
        let scope = encoded(self.scope.as_os_str().as_encoded_bytes());
        if scope.is_empty() { "codetune/".to_owned() } else { format!("codetune/{scope}/") }
    }

    /// The base as a URI, with the slash at its end that a base needs.
    pub(super) fn base_uri(&self) -> String {
        let path = encoded(self.base.as_os_str().as_encoded_bytes());
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let end = if path.ends_with('/') { "" } else { "/" };
        format!("file://{path}{end}")
    }

    pub(super) fn uri(&self, path: &str) -> String {
        let path = Path::new(path);
        let path = self.before.join(path.strip_prefix(&self.beyond).unwrap_or(path));
        encoded(path.as_os_str().as_encoded_bytes())
    }

    pub(super) fn artifact(&self, path: &str) -> Value {
        json!({ "uri": self.uri(path), "uriBaseId": ROOT })
    }

    pub(super) fn location(&self, path: &str, place: Option<&LineSpan>) -> Value {
        let mut physical = json!({ "artifactLocation": self.artifact(path) });
        if let Some(place) = place {
            physical["region"] = region(place);
        }
        json!({ "physicalLocation": physical })
    }
}

pub(super) fn region(place: &LineSpan) -> Value {
    json!({
        "startLine": place.start_line,
        "startColumn": place.start_column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// The characters of a path segment that need no escape (RFC 3986, unreserved) and the slash stay; a colon
/// goes too, so that the first segment cannot be read as a scheme.
fn encoded(path: &[u8]) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
