//! The language of a `#!` line.

use super::language::Language;

/// Maximum length of a `#!` line in bytes, as in Linux.
pub(super) const SHEBANG_BYTES: usize = 256;

/// The language of the interpreter in the first line, or `None`.
///
/// Looks through `#!/usr/bin/env` with its options and variable assignments.
pub(super) fn language_of_shebang(head: &[u8]) -> Option<Language> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let mut program = base_name(words.next()?);
    if program == "env" {
        program = base_name(words.find(|word| !word.starts_with('-') && !word.contains('='))?);
    }
    // python3.12 and pypy3 are Python.
    let family = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match family {
        "python" | "pythonw" | "pypy" => Language::Python,
        "node" | "nodejs" | "bun" => Language::JavaScript,
        "deno" | "ts-node" | "tsx" => Language::TypeScript,
        "rust-script" => Language::Rust,
        _ => return None,
    })
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_tell_the_language() {
        for (head, expected) in [
            ("#!/usr/bin/python3.12 -u\nprint()", Some(Language::Python)),
            ("#!/usr/bin/env python3\n", Some(Language::Python)),
            ("#! /usr/bin/env -S PYTHONUTF8=1 python\n", Some(Language::Python)),
            ("#!/usr/bin/env node\r\n", Some(Language::JavaScript)),
            ("#!/usr/bin/env -S deno run\n", Some(Language::TypeScript)),
            ("#!/bin/sh\n# python\n", None),
            ("#!/usr/bin/env\npython", None),
            ("# python", None),
            ("", None),
        ] {
            assert_eq!(language_of_shebang(head.as_bytes()), expected, "{head:?}");
        }
    }
}
