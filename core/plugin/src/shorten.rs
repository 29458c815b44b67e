use std::borrow::Cow;

/// The most characters of a text that a plugin gives as a reason, and of a line for the log.
pub(crate) const REASON_CHARS: usize = 2_000;

/// A plugin's text as far as it is kept, and how much more there was.
pub fn shorten(text: &str) -> Cow<'_, str> {
    // No text has more characters than bytes, so that most are not counted.
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
