//! Formatting of numbers.

use std::time::Duration;

/// A count with thousands separators: `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its unit: `1 file`, `12,345 files`.
pub fn counted(number: u64, unit: &str) -> String {
    format!("{} {unit}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A rate or large number with three digits: `1.24k`.
pub fn short(number: f64) -> String {
    let (scaled, unit) = match number {
        n if n >= 1e9 => (n / 1e9, "G"),
        n if n >= 1e6 => (n / 1e6, "M"),
        n if n >= 1e3 => (n / 1e3, "k"),
        n => (n, ""),
    };
    match scaled {
        n if n >= 100.0 || (unit.is_empty() && n.fract() == 0.0) => format!("{n:.0}{unit}"),
        n if n >= 10.0 => format!("{n:.1}{unit}"),
        n => format!("{n:.2}{unit}"),
    }
}

/// A size: `3.2 MiB`.
pub fn bytes(number: u64) -> String {
    let mut scaled = number as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if scaled < 1024.0 {
            return if unit == "B" { format!("{number} B") } else { format!("{scaled:.1} {unit}") };
        }
        scaled /= 1024.0;
    }
    format!("{scaled:.1} TiB")
}

/// Parses a size: `1048576`, `500kB`, `10MB` (powers of 1000), `10MiB` (powers of 1024), in any case. `None` if it is
/// invalid or not a whole number of bytes.
pub fn parsed_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1000 * 1000,
        "g" | "gb" => 1000 * 1000 * 1000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let scale = 10_u64.checked_pow(part.len().try_into().ok()?)?;
    let parts = [whole, part].concat().parse::<u64>().ok()?.checked_mul(factor)?;
    parts.is_multiple_of(scale).then_some(parts / scale)
}

/// A duration: `4.2 s`, `3:07`, `1:02:03`.
pub fn time(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// The first characters of a digest.
pub fn short_digest(digest: &str) -> String {
    let hex = digest.trim_start_matches("blake3:");
    format!("blake3:{}", hex.chars().take(12).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1048576", Some(1 << 20)),
            ("1MiB", Some(1 << 20)),
            ("10MB", Some(10_000_000)),
            ("10 mb", Some(10_000_000)),
            ("500kB", Some(500_000)),
            ("1.5K", Some(1500)),
            ("1.5KiB", Some(1536)),
            ("2GiB", Some(2 << 30)),
            ("7B", Some(7)),
            ("0.5", None),
            ("", None),
            ("MB", None),
            (".", None),
            ("-1", None),
            ("1XB", None),
            ("1e6", None),
            ("99999999999999999999", None),
            ("99999999999GiB", None),
        ] {
            assert_eq!(parsed_size(text), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(7), count(1234), count(1_234_567)], ["7", "1,234", "1,234,567"]);
        assert_eq!(
            [short(7.0), short(0.5), short(1240.0), short(45_600.0), short(2.5e8)],
            ["7", "0.50", "1.24k", "45.6k", "250M"]
        );
        assert_eq!([bytes(12), bytes(2048)], ["12 B", "2.0 KiB"]);
        assert_eq!(time(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(time(Duration::from_secs(187)), "3:07");
        assert_eq!(time(Duration::from_secs(3723)), "1:02:03");
    }
}
