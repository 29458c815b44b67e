//! Distinguishes binary files from texts with a few unusual bytes.
//!
//! A file without NULs that is valid UTF-8 is text. Other files are binary if they start with the magic bytes of a
//! known format, or if too many bytes are control characters: one in 16 if the rest is valid UTF-8, otherwise one in
//! 64. Compressed and encrypted data have one in ten.

use super::skip::SkipReason;
use super::wide;

/// The length of the prefix to examine.
pub(super) const SAMPLE: usize = 8 << 10;

/// A few control characters never make a text binary.
const ALWAYS_ALLOWED: usize = 2;

/// Magic bytes of formats. Only compared with files that are not valid UTF-8 or contain a NUL.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF file"),
    (b"\xfe\xed\xfa\xce", "a Mach-O file"),
    (b"\xfe\xed\xfa\xcf", "a Mach-O file"),
    (b"\xce\xfa\xed\xfe", "a Mach-O file"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O file"),
    (b"\xca\xfe\xba\xbe", "a Java class or a Mach-O file"),
    (b"\0asm", "a WebAssembly file"),
    (b"MZ\x90\0", "a Windows program"),
    (b"MZ\x78\0", "a Windows program"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\0\0\x01\0", "an icon"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\xfd7zXZ\0", "XZ data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"\x04\x22\x4d\x18", "LZ4 data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0\x01\0\0\0", "a TrueType font"),
    (b"OTTO\0", "an OpenType font"),
    (b"wOFF\0\x01\0\0", "a web font"),
    (b"wOF2\0\x01\0\0", "a web font"),
    (b"OggS\0", "Ogg media"),
    (b"\x1a\x45\xdf\xa3", "Matroska media"),
    (b"\xff\xfb", "MP3 audio"),
    (b"\xde\x12\x04\x95", "a gettext catalogue"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x03\xf3\x0d\x0a", "Python bytecode"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
    (b"%PDF-", "a PDF document"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"8BPS\0", "a Photoshop image"),
    (b"!<arch>\n", "an archive of object files"),
    (b"ID3\x03", "MP3 audio"),
    (b"ID3\x04", "MP3 audio"),
    (b"fLaC\0", "FLAC audio"),
];

/// Magic bytes at an offset.
const LATE_SIGNATURES: &[(usize, &[u8], &str)] = &[
    // The low byte of the magic number changes with each version.
    (1, b"\x0d\x0d\x0a", "Python bytecode"),
    (1, b"\x0e\x0d\x0a", "Python bytecode"),
    (4, b"ftyp", "MPEG-4 media"),
    (8, b"WEBP", "a WebP image"),
    (8, b"WAVE", "WAVE audio"),
    (257, b"ustar", "a tar archive"),
];

/// Packet size of an MPEG transport stream, which starts with `G` and shares its extension with TypeScript.
const TRANSPORT_PACKET: usize = 188;

/// The reason why a file with this prefix is binary; `None` for text.
pub(super) fn judge(bytes: &[u8]) -> Option<SkipReason> {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let judged = judge_all(sample).or_else(|| (bytes.len() > SAMPLE).then(|| judge_all(bytes)).flatten());
    judged.filter(|_| wide::unmarked(bytes).is_none())
}

fn judge_all(bytes: &[u8]) -> Option<SkipReason> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) if !bytes.contains(&0) => return None,
        Ok(_) => true,
        // The prefix may end within a character.
        Err(error) => error.error_len().is_none(),
    };
    let odd = |byte: &u8| matches!(byte, 0..=6 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    let binary = |format: Option<&str>| {
        let offset = bytes.iter().position(|byte| odd(byte) || !byte.is_ascii()).unwrap_or_default();
        Some(SkipReason::Binary { format: format.map(str::to_owned), offset: offset as u64 })
    };
    if valid && !bytes.contains(&0) {
        return None;
    }
    if let Some(format) = signature(bytes) {
        return binary(Some(format));
    }
    let count = bytes.iter().filter(|byte| odd(byte)).count();
    let allowed = bytes.len() / if valid { 16 } else { 64 };
    if count > allowed.max(ALWAYS_ALLOWED) { binary(None) } else { None }
}

fn signature(bytes: &[u8]) -> Option<&'static str> {
    let early = SIGNATURES.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, format)| *format);
    let late = LATE_SIGNATURES
        .iter()
        .find(|(at, text, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(text)));
    let packets = (bytes.len() > 2 * TRANSPORT_PACKET)
        && bytes.iter().step_by(TRANSPORT_PACKET).all(|byte| *byte == b'G');
    early.or(late.map(|(_, _, format)| *format)).or(packets.then_some("an MPEG transport stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(bytes: &[u8]) -> Option<Option<String>> {
        match judge(bytes)? {
            SkipReason::Binary { format, .. } => Some(format),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn valid_utf8_without_a_nul_is_text_whatever_it_begins_with() {
        for text in
            ["MZ", "GIF89a = 1", "%PDF-1.4\nx", "BM", "PK\u{3}\u{4}", "\u{1}\u{2}\u{3}\u{4}\u{5}", "", "é"]
        {
            assert_eq!(judge(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn known_formats_are_named() {
        let mut tar = b"notes.txt\0\0\0".to_vec();
        tar.resize(257, 0);
        tar.extend_from_slice(b"ustar\0");
        let mut stream = Vec::new();
        for _ in 0..5 {
            stream.extend_from_slice(b"G\x40\0\x10\0\xff");
            stream.resize(stream.len().next_multiple_of(TRANSPORT_PACKET), 0xff);
        }
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "a PNG image"),
            (b"\x7fELF\x02\x01\x01\0", "an ELF file"),
            (b"\x1f\x8b\x08\0\0\0\0\0", "gzip data"),
            (b"PK\x03\x04\x14\0\0\0", "a ZIP archive"),
            (b"SQLite format 3\0\x10\0", "an SQLite database"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", "MPEG-4 media"),
            (&tar, "a tar archive"),
            (b"\xcb\x0d\x0d\x0a\0\0\0\0", "Python bytecode"),
            (&stream, "an MPEG transport stream"),
        ] {
            assert_eq!(format(bytes), Some(Some(expected.to_owned())), "{bytes:?}");
        }
    }

    #[test]
    fn a_few_odd_bytes_make_no_text_binary_and_many_do() {
        let text = "def f(x):\n    return x\n".repeat(40);
        let with_nuls = |every: usize| -> Vec<u8> {
            text.bytes()
                .enumerate()
                .map(|(at, byte)| if at % every == every - 1 { 0 } else { byte })
                .collect()
        };
        assert_eq!(judge(&with_nuls(40)), None);
        assert_eq!(format(&with_nuls(4)), Some(None));
        assert_eq!(judge(b"x = 1\n\0\n"), None);
        assert_eq!(format(&[0; 64]), Some(None));
    }

    #[test]
    fn random_bytes_are_binary_and_texts_in_one_byte_encodings_are_not() {
        use rand::{RngCore, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for size in [512, 4096, 100_000] {
            let mut bytes = vec![0; size];
            random.fill_bytes(&mut bytes);
            assert_eq!(format(&bytes), Some(None), "{size}");
        }
        assert_eq!(judge(b"# gr\xfc\xdfe\nname = '\x80'\n"), None);
    }

    #[test]
    fn binary_data_behind_a_text_is_found() {
        let mut bytes = "#!/bin/sh\ntail -c +8000 $0 | gunzip\n".repeat(300).into_bytes();
        assert_eq!(judge(&bytes), None);
        bytes.extend((0..50_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
        assert_eq!(format(&bytes), Some(None));
    }
}
