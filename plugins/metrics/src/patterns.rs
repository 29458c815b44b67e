//! Patterns that every value matches: an arm with one is the default, whatever it calls the value.

/// Patterns longer than this are taken for what they are nearly always: conditions.
const MOST_BYTES: usize = 1_000;

/// Parentheses deeper than this too.
const MOST_DEPTH: usize = 32;

/// Python's irrefutable patterns (PEP 634, "Irrefutable case blocks"): names, `_`, either with `as`, alternatives that
/// hold one, and all of them in parentheses.
pub(crate) fn python_irrefutable(pattern: &str) -> bool {
    fn decide(pattern: &str, depth: usize) -> bool {
        let pattern = pattern.trim();
        if depth > MOST_DEPTH {
            return false;
        }
        let pattern = match split(pattern, " as ").as_slice() {
            [left, _] => left.trim(),
            _ => pattern,
        };
        match split(pattern, "|").as_slice() {
            [_] => {}
            alternatives => return alternatives.iter().any(|part| decide(part, depth + 1)),
        }
        match enclosed(pattern) {
            Some(inner) => split(inner, ",").len() == 1 && decide(inner, depth + 1),
            None => is_name(pattern) && !matches!(pattern, "None" | "True" | "False"),
        }
    }
    pattern.len() <= MOST_BYTES && decide(pattern, 0)
}

/// Rust's patterns that are irrefutable whatever the types: `_`, bindings, references to and tuples of such, and
/// alternatives that hold one. A name in capitals is a constant or a variant by the language's lints.
pub(crate) fn rust_irrefutable(pattern: &str) -> bool {
    fn decide(pattern: &str, depth: usize) -> bool {
        let mut pattern = pattern.trim().trim_start_matches('|').trim_start();
        if depth > MOST_DEPTH {
            return false;
        }
        match split(pattern, "|").as_slice() {
            [_] => {}
            alternatives => return alternatives.iter().any(|part| decide(part, depth + 1)),
        }
        loop {
            let word = ["ref ", "mut ", "box "].iter().find_map(|word| pattern.strip_prefix(word));
            match word.or_else(|| pattern.strip_prefix('&')) {
                Some(rest) => pattern = rest.trim_start(),
                None => break,
            }
        }
        if let [name, bound] = split(pattern, "@").as_slice() {
            return is_binding(name.trim()) && decide(bound, depth + 1);
        }
        match enclosed(pattern) {
            Some(inner) => split(inner, ",")
                .iter()
                .all(|part| matches!(part.trim(), "" | "..") || decide(part, depth + 1)),
            None => is_binding(pattern),
        }
    }
    let pattern = pattern.trim();
    pattern.len() <= MOST_BYTES && decide(split(pattern, " if ").first().copied().unwrap_or(pattern), 0)
}

/// Java's `default`, after `case null,` too (JLS 14.11.1).
pub(crate) fn java_default(label: &str) -> bool {
    let label = label.trim();
    let last = label.rsplit(',').next().unwrap_or(label).trim();
    label.len() <= MOST_BYTES && last == "default"
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && characters.all(|c| c == '_' || c.is_alphanumeric())
}

fn is_binding(text: &str) -> bool {
    let text = text.strip_prefix("r#").unwrap_or(text);
    let first = text.trim_start_matches('_').chars().next();
    is_name(text) && !matches!(text, "true" | "false") && !first.is_some_and(char::is_uppercase)
}

/// What stands in parentheses that enclose all of `text`.
fn enclosed(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    // `(a) | (b)` was split before, so the first and the last belong together.
    Some(inner)
}

/// Splits `text` at what stands outside brackets. White space in `at` may be any.
fn split<'a>(text: &'a str, at: &str) -> Vec<&'a str> {
    let word = at.trim();
    let spaced = word.len() < at.len();
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let mut after = 0;
    for (offset, character) in text.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let (before, rest) = text.split_at(offset);
        let found = depth == 0 && offset >= after && rest.starts_with(word);
        let apart = !spaced
            || before.ends_with(|c: char| c.is_whitespace() || c == ')')
                && rest.get(word.len()..).is_some_and(|rest| rest.starts_with(|c: char| !is_word(c)));
        if found && apart {
            parts.push(text.get(start..offset).unwrap_or_default());
            start = offset + word.len();
            after = start;
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_are_those_of_pep_634() {
        for pattern in ["_", "x", "(x)", "((x))", "_ as x", "(x as y)", "1 | _", "(1 | x)", "x\n as y", "é"]
        {
            assert!(python_irrefutable(pattern), "{pattern}");
        }
        for pattern in [
            "1",
            "a.b",
            "(x,)",
            "(a, b)",
            "[x]",
            "[*_]",
            "None",
            "True",
            "int()",
            "-1",
            "'x'",
            "1 as x",
            "",
            "(1) | (2)",
            "\"_\"",
            "{**x}",
            "Class(x)",
            "(a.b)",
        ] {
            assert!(!python_irrefutable(pattern), "{pattern}");
        }
    }

    #[test]
    fn rusts_bind_or_ignore_all_there_is() {
        for pattern in [
            "_",
            "x",
            "_x",
            "ref x",
            "ref mut x",
            "mut x",
            "&x",
            "&mut x",
            "(_, b)",
            "(a, ..)",
            "x @ _",
            "_ if loud",
            "x if f(x)",
            "0 | _",
            "(x)",
            "r#type",
            "_ if\n a",
            "((a, _), b)",
        ] {
            assert!(rust_irrefutable(pattern), "{pattern}");
        }
        for pattern in [
            "None",
            "NONE",
            "_NONE",
            "Some(x)",
            "a::B",
            "0",
            "x @ 1..=3",
            "(0, _)",
            "true",
            "Foo { .. }",
            "[x]",
            "m!()",
            "'_'",
            "\"x\"",
            "1 | 2",
            "",
            "..=3",
        ] {
            assert!(!rust_irrefutable(pattern), "{pattern}");
        }
    }

    #[test]
    fn javas_default_may_come_with_null() {
        for label in ["default", "case null, default", "case null , default"] {
            assert!(java_default(label), "{label}");
        }
        for label in ["case null", "case A, B", "case A", "case Default d"] {
            assert!(!java_default(label), "{label}");
        }
    }

    #[test]
    fn patterns_without_end_are_conditions() {
        assert!(!python_irrefutable(&"(".repeat(100_000)));
        assert!(!rust_irrefutable(&format!("{}x{}", "(".repeat(400), ")".repeat(400))));
    }
}
