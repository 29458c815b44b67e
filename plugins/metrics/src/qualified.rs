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

/// The path that ends `text`, as far as it is one of names: of `f(x).then` it is `then`.
pub(crate) fn path_before(text: &str) -> &str {
    let text = text.get(text.ceil_char_boundary(text.len().saturating_sub(MOST_SCOPE))..).unwrap_or_default();
    let mut text = text.trim_end().trim_end_matches("?.");
    if text.ends_with('>') {
        // Type arguments.
        let mut depth = 0_usize;
        let start = text.char_indices().rev().find(|(_, character)| {
            depth += usize::from(*character == '>');
            depth -= usize::from(*character == '<');
            depth == 0
        });
        text = text.get(..start.map_or(0, |(at, _)| at)).unwrap_or_default();
    }
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '#' | ':');
    let path = text.get(text.trim_end_matches(is_path).len()..).unwrap_or_default();
    path.trim_start_matches(['.', ':'])
}

/// The name of what a value is assigned to.
pub(crate) fn assigned(target: &str) -> &str {
    match target.trim_matches(['"', '\'', '`']) {
        // `export default`.
        "export" => "default",
        name if name.contains(|c: char| c.is_whitespace() || c == '(') => path_before(name),
        name => name,
    }
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
    fn a_call_is_named_by_the_last_path_of_names() {
        for (before, path) in [
            ("x = router.get", "router.get"),
            ("fetch(url).then", "then"),
            ("a[0]?.map?.", "map"),
            ("useCallback<Map<A, B>>", "useCallback"),
            ("new Promise ", "Promise"),
            ("f(x)", ""),
            ("a > b>", ""),
            ("é", "é"),
        ] {
            assert_eq!(path_before(before), path, "{before}");
        }
    }

    #[test]
    fn cuts_a_long_name() {
        assert_eq!(qualified("a", ".", &"é".repeat(600)), format!("a.{}…", "é".repeat(512)));
    }
}
