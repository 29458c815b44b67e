use crate::work::examined;

/// What each pair of characters costs in source code and prose, in sixteenths of a bit; `bigrams/make.py` counts
/// them.
static PAIRS: &[u8] = include_bytes!("../bigrams/pairs.bin");

/// How many symbols characters are sorted into.
const SYMBOLS: usize = 60;

/// How surprising a text is to one who has read much code: the mean information of a pair of characters, in bits.
///
/// Names, phrases and paths stay below 6, letters and digits drawn at random lie about 9 and those of hexadecimal
/// numbers about 7. Characters beyond ASCII say nothing. 0 where there are fewer than six pairs.
pub(crate) fn surprise(text: &str) -> f64 {
    examined(text.len());
    let codes = text.bytes().map(symbol);
    let (mut sum, mut pairs) = (0u32, 0u32);
    for (first, second) in codes.clone().zip(codes.skip(1)) {
        let (Some(first), Some(second)) = (first, second) else { continue };
        sum += u32::from(PAIRS.get(first * SYMBOLS + second).copied().unwrap_or_default());
        pairs += 1;
    }
    if pairs < 6 { 0.0 } else { f64::from(sum) / f64::from(pairs) / 16.0 }
}

/// The row and column of a character; none beyond ASCII.
fn symbol(byte: u8) -> Option<usize> {
    Some(match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        b'A'..=b'Z' => 26 + usize::from(byte - b'A'),
        b'0'..=b'9' => 52,
        b' ' => 53,
        b'_' => 54,
        b'-' => 55,
        b'.' => 56,
        b'/' => 57,
        b':' => 58,
        0..128 => 59,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_place_for_every_pair() {
        assert_eq!(PAIRS.len(), SYMBOLS * SYMBOLS);
    }

    #[test]
    fn names_and_phrases_surprise_less_than_what_was_drawn_at_random() {
        for text in [
            "userTokenName",
            "set-CapPasswordTBE",
            "Please, enter your password!",
            "access-token-1234",
            "kubernetes.io/service-account-token",
            "aes128-gcm@openssh.com",
            "SECRET_KEY_BASE_64",
        ] {
            assert!(surprise(text) < 6.0, "{text}: {}", surprise(text));
        }
        for text in [
            "k9Tq2mZp7Rw4Xc",
            "#xFr7bTEpo&RaTk9#zFgS",
            "xFr7 bTEpo9 RaTk zFgS2",
            "xFr7bTEpö9RaTkzFgS2",
            "rTgbNhyUjmKiOlPq",
        ] {
            assert!(surprise(text) > 6.5, "{text}: {}", surprise(text));
        }
        assert_eq!(surprise("a9Xq2"), 0.0);
        assert_eq!(surprise("пароль пользователя"), 0.0);
    }
}
