use std::ops::Range;

/// A text whose bytes are written over, never moved.
pub(super) struct Edits {
    bytes: Vec<u8>,
    edited: bool,
}

impl Edits {
    pub fn new(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), edited: false }
    }

    /// Writes spaces over everything but the ends of lines.
    pub fn blank(&mut self, span: Range<usize>) {
        for byte in self.bytes.get_mut(span).unwrap_or_default() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self.edited = true;
    }

    /// Blanks `span` and writes `with` at its start, where it fits.
    pub fn replace(&mut self, span: Range<usize>, with: &str) {
        if with.len() > span.len() {
            return;
        }
        self.blank(span.clone());
        if let Some(bytes) = self.bytes.get_mut(span.start..span.start + with.len()) {
            bytes.copy_from_slice(with.as_bytes());
        }
    }

    /// Whether anything is left of `span`.
    pub fn is_blank(&self, span: Range<usize>) -> bool {
        self.bytes.get(span).is_none_or(|bytes| bytes.iter().all(u8::is_ascii_whitespace))
    }

    /// The text, if it is another one.
    pub fn finish(self) -> Option<String> {
        // Tokens begin and end at characters, so what is left is UTF-8.
        if self.edited { String::from_utf8(self.bytes).ok() } else { None }
    }
}
