use std::ops::Range;

/// The share of `text`, white space aside, that lies in `errors`, which are in order of their start. A missing token,
/// which is empty, counts as one byte.
pub(crate) fn error_ratio(text: &str, errors: &[Range<usize>]) -> f64 {
    let ink = |text: &str| text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    let (mut wrong, mut at) = (0, 0);
    for error in errors {
        // Errors lie in one another.
        let part = text.get(error.start.max(at)..error.end.max(at)).unwrap_or_default();
        wrong += if error.is_empty() { 1 } else { ink(part) };
        at = at.max(error.end);
    }
    let all = ink(text);
    if wrong == 0 { 0.0 } else { wrong.min(all.max(1)) as f64 / all.max(1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(text: &str, errors: &[(usize, usize)]) -> f64 {
        let errors: Vec<Range<usize>> = errors.iter().map(|&(start, end)| start..end).collect();
        error_ratio(text, &errors)
    }

    #[test]
    fn what_is_in_an_error_counts_once() {
        assert_eq!(ratio("ab  cd ef", &[(0, 6), (0, 2), (4, 6)]), 4.0 / 6.0);
        assert_eq!(ratio("ab cd", &[]), 0.0);
        assert_eq!(ratio("ab cd", &[(0, 5)]), 1.0);
    }

    #[test]
    fn a_missing_token_counts_as_a_byte() {
        assert_eq!(ratio("int x = 1", &[(9, 9)]), 1.0 / 6.0);
        assert_eq!(ratio("", &[(0, 0)]), 1.0);
        assert_eq!(ratio("", &[]), 0.0);
    }
}
