//! The declared encoding of a file: in a comment as defined by PEP 263, which editors also use in other languages, or
//! in an XML declaration.

/// The encoding declared in the first two lines.
///
/// As in PEP 263: a comment line that matches `^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)`; the second line only
/// counts if the first is blank or a comment.
pub(super) fn coding_cookie(bytes: &[u8]) -> Option<&str> {
    for line in bytes.splitn(3, |byte| *byte == b'\n').take(2) {
        let line = trim_start(line, b" \t\x0c");
        match line.first() {
            Some(b'#') => {
                if let Some(name) = name_in_comment(line) {
                    return Some(name);
                }
            }
            None | Some(b'\r') => {}
            Some(_) => return None,
        }
    }
    None
}

/// The encoding in an XML declaration at the start.
pub(super) fn xml_declaration(bytes: &[u8]) -> Option<&str> {
    let line = bytes.strip_prefix(b"<?xml")?.split(|byte| *byte == b'>').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let value = line.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split(quote).next().filter(|name| !name.is_empty())
}

fn name_in_comment(line: &[u8]) -> Option<&str> {
    const WORD: &[u8] = b"coding";
    let mut rest = line;
    while let Some(at) = rest.windows(WORD.len()).position(|window| window == WORD) {
        rest = rest.get(at + WORD.len()..)?;
        let Some((b':' | b'=', after)) = rest.split_first() else { continue };
        let after = trim_start(after, b" \t");
        let end = after.iter().position(|byte| !is_name(*byte)).unwrap_or(after.len());
        let name = after.get(..end)?;
        if !name.is_empty() {
            return std::str::from_utf8(name).ok();
        }
    }
    None
}

fn trim_start<'a>(bytes: &'a [u8], set: &[u8]) -> &'a [u8] {
    let start = bytes.iter().position(|byte| !set.contains(byte)).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_encoding_of_an_xml_declaration() {
        for (text, expected) in [
            ("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<a/>", Some("iso-8859-1")),
            ("<?xml version='1.0' encoding = 'koi8-r' ?>", Some("koi8-r")),
            ("<?xml version=\"1.0\"?>\n<a encoding=\"x\"/>", None),
            ("<a encoding=\"x\"/>", None),
        ] {
            assert_eq!(xml_declaration(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn finds_cookies_where_pep_263_allows_them() {
        for (text, expected) in [
            ("# -*- coding: latin-1 -*-\n", Some("latin-1")),
            ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n", Some("cp1252")),
            ("\n\t# coding=utf-8\n", Some("utf-8")),
            ("\r\n# coding: koi8-r\r\n", Some("koi8-r")),
            ("# coding is fun, coding: euc_jp\n", Some("euc_jp")),
            ("# coding:\n", None),
            ("x = 1\n# coding: latin-1\n", None),
            ("#\n#\n# coding: latin-1\n", None),
            ("'coding: latin-1'\n", None),
            ("", None),
        ] {
            assert_eq!(coding_cookie(text.as_bytes()), expected, "{text:?}");
        }
    }
}
