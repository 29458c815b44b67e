use std::ops::Range;

use crate::checksum::{bech32_fits, crc32_base62_fits, crc32_hex_fits};
use crate::encoding::object;
use crate::family::{Check, Class, Family, Part, Shape};
use crate::random::random;
use crate::span::{backward_within, begins_word, forward_within, in_base64, is_at, word};
use crate::special;

/// Finds the key of a family around an anchor of its that lies at `at`.
pub(crate) fn find(family: &Family, text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let found = match family.shape {
        Shape::After(parts, check) => {
            if is_at(text, at.start, word) && !begins_word(text, at.start) {
                return None;
            }
            let end = parts_end(text, at.end, parts)?;
            fits(text, at.start..end, at.end, check).then_some(at.start..end)
        }
        Shape::Behind(parts) => {
            let end = parts_end(text, at.end, parts)?;
            fits(text, at.end..end, at.end, Check::Random).then_some(at.end..end)
        }
        Shape::Around(class, least, most, parts, check) => {
            let start = backward_within(text, at.start, most + 1, |byte| class.has(byte));
            if !(least..=most).contains(&(at.start - start)) || !begins_word(text, start) {
                return None;
            }
            let end = parts_end(text, at.end, parts)?;
            fits(text, start..end, start, check).then_some(start..end)
        }
        Shape::Special(special) => special::find(special, text, at),
    };
    found.filter(|key| !in_base64(text, key))
}

/// One past parts that begin at `start`, which no byte of a word and none of the last class adjoins.
fn parts_end(text: &str, start: usize, parts: &[Part]) -> Option<usize> {
    let mut end = start;
    let mut last = Class::Word;
    for part in parts {
        match *part {
            Part::Text(what) => {
                text.get(end..)?.strip_prefix(what)?;
                end += what.len();
                last = Class::Word;
            }
            Part::Run(class, least, most) => {
                let start = end;
                end = forward_within(text, start, most, |byte| class.has(byte));
                if end - start < least {
                    return None;
                }
                last = class;
            }
        }
    }
    // Of a key of parts with full stops between them, another would be a part too many.
    let dotted = parts.iter().any(|part| matches!(part, Part::Text(".")));
    let more = dotted && is_at(text, end, |byte| byte == b'.') && is_at(text, end + 1, word);
    (ends(text, end, last) && !more).then_some(end)
}

/// Whether a key that ends with a byte of the class ends at `end`.
fn ends(text: &str, end: usize, last: Class) -> bool {
    let full_stop = is_at(text, end, |byte| byte == b'.') && last == Class::Unreserved;
    let goes_on = is_at(text, end, word) || text.as_bytes().get(end).is_some_and(|&byte| last.has(byte));
    !goes_on || full_stop
}

/// Whether a key whose variable part begins at `body` passes a check.
fn fits(text: &str, key: Range<usize>, body: usize, check: Check) -> bool {
    let (Some(whole), Some(body)) = (text.get(key.clone()), text.get(body..key.end)) else { return false };
    match check {
        Check::Random => random(body),
        Check::Crc32Base62 => crc32_base62_fits(body),
        Check::Crc32Hex => crc32_hex_fits(whole) && random(body),
        Check::Bech32 => bech32_fits(whole) && random(body),
        Check::Json => {
            let end = body.find('_').unwrap_or(body.len());
            body.get(..end).is_some_and(|body| object(body).is_some()) && random(body)
        }
    }
}
