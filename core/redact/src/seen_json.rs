//! JSON that is safe to display.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::control::is_unseen;

/// Writes indented JSON in which invisible characters ([`is_unseen`]) are written as `\u` escapes, which JSON readers
/// treat the same.
///
/// # Errors
/// The writer fails, or the value is not JSON.
pub fn write_seen_json(out: &mut impl Write, value: &(impl Serialize + ?Sized)) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Seen(PrettyFormatter::new())))
}

struct Seen(PrettyFormatter<'static>);

/// Forwards layout to the pretty formatter.
macro_rules! layout {
    ($($name:ident($($argument:ident: $of:ty),*);)*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, out: &mut W $(, $argument: $of)*) -> io::Result<()> {
            self.0.$name(out $(, $argument)*)
        }
    )*};
}

impl Formatter for Seen {
    layout! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unseen(*c)) {
            let (before, after) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = after.get(c.len_utf8()..).unwrap_or_default();
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn characters_that_are_not_seen_are_escaped_and_read_back_as_they_were() {
        let value = json!({ "a\u{202e}b": ["é\u{200b}", "\u{e0041}\n", 1, {}], "c": [] });
        let mut written = Vec::new();
        write_seen_json(&mut written, &value).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert!(text.contains(r#""a\u202eb""#) && text.contains(r#""é\u200b""#), "{text}");
        assert!(text.contains(r#""\udb40\udc41\n""#), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        let plain = json!({ "path": "größe.rs", "list": [1, 2.5, null, true, {"x": "y"}] });
        let mut written = Vec::new();
        write_seen_json(&mut written, &plain).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string_pretty(&plain).unwrap());
    }
}
