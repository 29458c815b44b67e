/// Whether the last six characters of a GitHub token's body are the checksum of those before.
///
/// CRC-32 (ISO-HDLC) in base 62, digits, capitals, small letters, padded with `0`: *Behind GitHub's new
/// authentication token formats*, GitHub, 2021.
pub(crate) fn github_checksum_fits(body: &str) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((payload, checksum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else {
        return false;
    };
    let value = checksum.bytes().try_fold(0u64, |value, byte| {
        let digit = DIGITS.iter().position(|&digit| digit == byte)?;
        Some(value * 62 + digit as u64)
    });
    value == Some(u64::from(crc32(payload.as_bytes())))
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
        assert!(github_checksum_fits(&format!("{payload}0mLq17")));
        assert!(!github_checksum_fits(&format!("{payload}0mLq18")));
        assert!(!github_checksum_fits("0mLq1"));
    }
}
