use crate::work::examined;

/// Shannon entropy of the bytes of `text`, in bits a byte: 0 for none or one that repeats, at most the
/// logarithm of the length. (C. E. Shannon, *A Mathematical Theory of Communication*, 1948.)
pub(crate) fn entropy(text: &str) -> f64 {
    examined(text.len());
    let mut counts = [0u32; 256];
    for &byte in text.as_bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = text.len() as f64;
    let share = |count: u32| f64::from(count) / length;
    counts.iter().filter(|&&count| count > 0).map(|&count| -share(count) * share(count).log2()).sum::<f64>()
        + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_bits_a_character() {
        assert_eq!(entropy(""), 0.0);
        assert_eq!(entropy("aaaa"), 0.0);
        assert_eq!(entropy("abab"), 1.0);
        assert_eq!(entropy("0123456789abcdef"), 4.0);
    }
}
