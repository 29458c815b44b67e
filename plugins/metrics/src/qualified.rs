/// Most bytes of what stands around a name.
const MOST_SCOPE: usize = 256;

/// Most bytes of a name itself.
const MOST_NAME: usize = 1024;

/// What is left out.
const MARK: &str = "…";

/// Joins a name to those around it.
///
/// Of a long `scope` the innermost names stand behind a mark, so that the names of a file take memory by its
/// length, however deep it nests.
pub(crate) fn qualified(scope: &str, separator: &str, name: &str) -> String {
    let (mark, scope) = innermost(scope, separator);
    let kept = name.get(..name.floor_char_boundary(MOST_NAME)).unwrap_or(name);
    let separator = if scope.is_empty() || name.is_empty() { "" } else { separator };
    let end = if kept.len() < name.len() { MARK } else { "" };
    [mark, scope, separator, kept, end].concat()
}

/// The end of `scope`, from a separator on where it has one, and what stands before it.
fn innermost<'a>(scope: &'a str, separator: &str) -> (&'static str, &'a str) {
    if scope.len() <= MOST_SCOPE {
        return ("", scope);
    }
    let end = scope.get(scope.ceil_char_boundary(scope.len() - MOST_SCOPE)..).unwrap_or_default();
    let start = end.find(separator).unwrap_or_default();
    (MARK, end.get(start..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_there_is() {
        assert_eq!(qualified("a::b", "::", "c"), "a::b::c");
        assert_eq!(qualified("", "::", "c"), "c");
        assert_eq!(qualified("a", ".", ""), "a");
    }

    #[test]
    fn keeps_the_innermost_names_of_a_long_scope() {
        let scope = format!("{}.{}.inner", "x".repeat(200), "é".repeat(120));
        assert_eq!(qualified(&scope, ".", "f"), format!("….{}.inner.f", "é".repeat(120)));
        let again = qualified(&qualified(&scope, ".", "f"), ".", "g");
        assert_eq!(again, format!("….{}.inner.f.g", "é".repeat(120)));
        assert_eq!(qualified(&"é".repeat(500), ".", "f"), format!("…{}.f", "é".repeat(128)));
    }

    #[test]
    fn cuts_a_long_name() {
        assert_eq!(qualified("a", ".", &"é".repeat(600)), format!("a.{}…", "é".repeat(512)));
    }
}
