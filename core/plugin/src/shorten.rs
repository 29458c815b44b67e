use std::borrow::Cow;

/// Maximum characters of a plugin's error message or log line.
pub(crate) const REASON_CHARS: usize = 2_000;

/// Truncates a plugin's text, and appends how much was cut.
pub fn shorten(text: &str) -> Cow<'_, str> {
    // A text has no more characters than bytes, so most need not be counted.
    if text.len() <= REASON_CHARS {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(REASON_CHARS) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let (kept, rest) = text.split_at(end);
            Cow::Owned(format!("{kept}… ({} more characters)", rest.chars().count()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_much_more_there_was() {
        assert_eq!(shorten("short"), "short");
        let fits = "é".repeat(REASON_CHARS);
        assert_eq!(shorten(&fits), fits);
        assert_eq!(shorten(&format!("{fits}abc")), format!("{fits}… (3 more characters)"));
    }
}
