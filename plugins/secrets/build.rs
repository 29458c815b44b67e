//! Makes the automaton that finds every anchor in one pass over a text, as bytes that need no work to be used: an
//! instance that built its own would take longer to start than to analyse a file. Beside it lies the table of what
//! each anchor may be part of.

use std::fmt::Write as _;
use std::path::Path;

use regex_automata::MatchKind;
use regex_automata::dfa::{StartKind, dense};
use regex_automata::util::syntax;

#[allow(dead_code, reason = "the texts alone are of use here")]
#[path = "src/anchor.rs"]
mod anchor;
#[allow(dead_code, reason = "the texts alone are of use here")]
#[path = "src/family.rs"]
mod family;
#[allow(dead_code, reason = "the texts alone are of use here")]
#[path = "src/keyword.rs"]
mod keyword;

use anchor::MARKS;
use family::FAMILIES;
use keyword::KEYWORDS;

/// A text that is looked for.
struct Text {
    text: &'static str,
    /// Whether letters match in either case.
    any_case: bool,
}

impl Text {
    /// Whether all that this finds begins with `other`.
    fn begins_with(&self, other: &Text) -> bool {
        let start = self.text.as_bytes().get(..other.text.len());
        start.is_some_and(|start| {
            start == other.text.as_bytes()
                || other.any_case && start.eq_ignore_ascii_case(other.text.as_bytes())
        })
    }

    fn pattern(&self) -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' if self.any_case => {
                format!("[{}{}]", char::from(byte), char::from(byte.to_ascii_uppercase()))
            }
            _ => format!("\\x{byte:02x}"),
        };
        self.text.bytes().map(byte).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for source in ["anchor", "family", "keyword"] {
        println!("cargo::rerun-if-changed=src/{source}.rs");
    }
    let exact = |text| Text { text, any_case: false };
    let families = FAMILIES.iter().flat_map(|family| family.anchors).copied().map(exact);
    let marks = MARKS.iter().map(|(text, _)| *text).map(exact);
    let keywords = KEYWORDS.iter().map(|keyword| Text { text: keyword.text, any_case: true });
    let mut texts: Vec<Text> = families.chain(marks).chain(keywords).collect();
    // Of two that begin alike the longer is to be found, which then stands for both.
    texts.sort_by_key(|text| (std::cmp::Reverse(text.text.len()), text.text, text.any_case));
    texts.dedup_by_key(|text| (text.text, text.any_case));

    let out = std::env::var("OUT_DIR")?;
    write(&Path::new(&out).join("anchors.rs"), table(&texts)?.as_bytes())?;

    let patterns: Vec<String> = texts.iter().map(Text::pattern).collect();
    let config = dense::Config::new().match_kind(MatchKind::LeftmostFirst).start_kind(StartKind::Unanchored);
    let automaton = dense::Builder::new()
        .configure(config)
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build_many(&patterns)?;
    let big = std::env::var("CARGO_CFG_TARGET_ENDIAN")? == "big";
    let (bytes, padding) =
        if big { automaton.to_bytes_big_endian() } else { automaton.to_bytes_little_endian() };
    write(&Path::new(&out).join("anchors.dfa"), &bytes[padding..])?;
    Ok(())
}

/// Writes a file of its own: where a target folder was copied by links, another build shares the one that is there, and
/// automaton and table would no longer fit.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    std::fs::write(path, bytes)
}

/// `ANCHORS` as source, in the order of the automaton's patterns.
fn table(texts: &[Text]) -> Result<String, std::fmt::Error> {
    let mut source = String::from("pub(crate) static ANCHORS: &[Anchor] = &[\n");
    for text in texts {
        let families: Vec<(usize, usize)> = FAMILIES
            .iter()
            .enumerate()
            .flat_map(|(index, family)| family.anchors.iter().map(move |anchor| (index, *anchor)))
            .filter(|(_, anchor)| text.begins_with(&Text { text: anchor, any_case: false }) && !text.any_case)
            .map(|(index, anchor)| (index, anchor.len()))
            .collect();
        let keyword = KEYWORDS
            .iter()
            .enumerate()
            .filter(|(_, keyword)| text.begins_with(&Text { text: keyword.text, any_case: true }))
            .max_by_key(|(_, keyword)| keyword.text.len())
            .map(|(index, keyword)| (index, keyword.text.len()));
        let mark = MARKS.iter().find(|(mark, _)| text.text == *mark && !text.any_case);
        let mark = mark.map_or("None".to_owned(), |(_, mark)| format!("Some(Mark::{mark:?})"));
        writeln!(
            source,
            "    Anchor {{ length: {}, families: &{families:?}, keyword: {keyword:?}, mark: {mark} }}, // {:?}",
            text.text.len(),
            text.text
        )?;
    }
    source.push_str("];\n");
    Ok(source)
}
