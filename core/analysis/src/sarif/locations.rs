//! SARIF locations.

use std::path::{Path, PathBuf};

use codetune_source::repository_of;
use serde_json::{Value, json};

use super::super::analysis_report::Analysis;
use super::super::outcome::LineSpan;

/// The id of the base URI, the same as in CodeQL.
pub(super) const ROOT: &str = "%SRCROOT%";

/// Converts paths of an analysis to URIs.
///
/// They are relative to the root of the repository that contains the inputs, as GitHub expects, or to the root of the
/// analysis if there is no repository.
pub(super) struct Locations {
    base: PathBuf,
    /// The prefix of each path: the root of the analysis relative to the base.
    before: PathBuf,
    /// The prefix to remove from each path: the base relative to the root of the analysis.
    beyond: PathBuf,
    /// The inputs relative to the base.
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

    /// Distinguishes this analysis from others of the same commit; GitHub calls it the category.
    pub(super) fn category(&self) -> String {
        let scope = encoded(self.scope.as_os_str().as_encoded_bytes());
        if scope.is_empty() { "codetune/".to_owned() } else { format!("codetune/{scope}/") }
    }

    /// The base as a URI, with the required trailing slash.
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

/// Escapes a path except for unreserved characters (RFC 3986) and slashes. Colons are escaped, so that the first
/// segment is not mistaken for a scheme.
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
