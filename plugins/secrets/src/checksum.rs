/// Whether the last six characters are the checksum of those before: CRC-32 (ISO-HDLC) in base 62, digits, capitals,
/// small letters, padded with `0`.
///
/// GitHub, *Behind GitHub's new authentication token formats*, 2021; npm's tokens follow the same design.
pub(crate) fn crc32_base62_fits(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((payload, checksum)) = split_end(body, 6) else { return false };
    let value = checksum.bytes().try_fold(0u64, |value, byte| {
        let digit = DIGITS.iter().position(|&digit| digit == byte)?;
        Some(value * 62 + digit as u64)
    });
    value == Some(u64::from(crc32(payload.as_bytes())))
}

/// Whether eight hexadecimal digits after the last `_` are the CRC-32 of what is before it, low byte first, as in
/// Grafana's service account tokens (`pkg/components/satokengen` of Grafana).
pub(crate) fn crc32_hex_fits(key: &str) -> bool {
    let Some((payload, checksum)) = key.rsplit_once('_') else { return false };
    checksum.len() == 8
        && u32::from_str_radix(checksum, 16).is_ok_and(|sum| sum.swap_bytes() == crc32(payload.as_bytes()))
}

/// Whether the last six characters of a text in Bech32 are its checksum (BIP 173).
pub(crate) fn bech32_fits(text: &str) -> bool {
    const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = text.to_ascii_lowercase();
    let Some((prefix, data)) = lower.rsplit_once('1') else { return false };
    let digits = data.bytes().map(|byte| DIGITS.iter().position(|&digit| digit == byte).map(|at| at as u32));
    let Some(digits) = digits.collect::<Option<Vec<u32>>>() else { return false };
    let high = prefix.bytes().map(|byte| u32::from(byte >> 5));
    let low = prefix.bytes().map(|byte| u32::from(byte & 31));
    let sum = high.chain([0]).chain(low).chain(digits).fold(1u32, |sum, value| {
        let top = sum >> 25;
        let bits = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        bits.fold((sum & 0x01ff_ffff) << 5 ^ value, |sum, (_, generator)| sum ^ generator)
    });
    sum == 1
}

fn split_end(text: &str, length: usize) -> Option<(&str, &str)> {
    text.len().checked_sub(length).and_then(|at| text.split_at_checked(at))
}

/// Tokens are short and few, so bit by bit will do.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            let carry = crc & 1;
            (crc >> 1) ^ (0xedb8_8320 * carry)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_the_standard_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn accepts_a_published_token_and_refuses_a_changed_one() {
        let payload = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ";
        assert!(crc32_base62_fits(&format!("{payload}0mLq17")));
        assert!(!crc32_base62_fits(&format!("{payload}0mLq18")));
        assert!(!crc32_base62_fits("0mLq1"));
        // A dummy of npm's form that was published with its checksum.
        assert!(crc32_base62_fits(&format!("{}{}", "qkJaB6MffYVzZXWqmcoF49yrUxP3wf", "0LsakP")));
    }

    #[test]
    fn knows_the_checksum_of_grafana() {
        // From the tests of Grafana's own generator.
        let key = format!("glsa_{}_{}", "iNValIdinValiDinvalidinvalidinva", "5b582697");
        assert!(crc32_hex_fits(&key));
        assert!(!crc32_hex_fits(&key.replace('V', "W")));
        assert!(!crc32_hex_fits("glsa"));
    }

    #[test]
    fn knows_the_checksum_of_bech32() {
        // Valid and invalid strings of BIP 173.
        assert!(bech32_fits("A12UEL5L"));
        assert!(bech32_fits("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        assert!(!bech32_fits("A12UEL5M"));
        assert!(!bech32_fits("x1b4n0q5v"));
        assert!(!bech32_fits(""));
    }
}
