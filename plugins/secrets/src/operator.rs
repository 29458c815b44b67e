use crate::span::{forward_within, is_at};

/// The longest type between a name and its value, in bytes.
pub(crate) const LONGEST_TYPE: usize = 48;

/// The length of an operator that compares; 0 where there is none.
pub(crate) fn comparison(rest: &str) -> usize {
    ["===", "!==", "==", "!=", "=~"]
        .iter()
        .find(|operator| rest.starts_with(**operator))
        .map_or(0, |o| o.len())
}

/// One past an operator that assigns, and whether it is a bare `=`: `=`, `:`, `:=`, `=>`, `?=`, `||=`, or a type and
/// `=`.
pub(crate) fn operator(text: &str, at: usize) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let rest = text.get(at..)?;
    let longer = ["||=", "??=", "?=", "+=", ":=", "=>", "?:", "!:"];
    if let Some(operator) = longer.iter().find(|operator| rest.starts_with(**operator)) {
        if !matches!(*operator, "?:" | "!:") {
            return Some((at + operator.len(), false));
        }
        return typed(text, at + 2).or(Some((at + 2, false)));
    }
    match bytes.get(at)? {
        b'=' => Some((at + 1, true)),
        b':' if bytes.get(at + 1) == Some(&b':') => None,
        b':' => typed(text, at + 1).or(Some((at + 1, false))),
        b'|' | b'?' | b'+' => None,
        _ => typed(text, at),
    }
}

/// One past the `=` behind a type.
fn typed(text: &str, start: usize) -> Option<(usize, bool)> {
    let mut depth = 0;
    let is_type = |b: u8| {
        depth += i32::from(matches!(b, b'[' | b'<')) - i32::from(matches!(b, b']' | b'>'));
        b.is_ascii_alphanumeric() || b"_&*<>[]'.?| \t".contains(&b) || depth > 0 && matches!(b, b',' | b';')
    };
    let end = forward_within(text, start, LONGEST_TYPE + 1, is_type);
    // The padding of base64 is followed by nothing.
    let assigns =
        is_at(text, end, |byte| byte == b'=') && is_at(text, end + 1, |byte| b" \t\"'`".contains(&byte));
    // `'a' = …`: a literal is no type.
    let literal = text.get(start..end).is_some_and(|between| between.matches('\'').count() > 1);
    (assigns && !literal && end - start <= LONGEST_TYPE).then_some((end + 1, false))
}
