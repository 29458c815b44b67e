//! Makes the automaton that finds every anchor in one pass over a text, as bytes that need no work to be used: an
//! instance that built its own would take longer to start than to analyse a file.

use std::path::Path;

use regex_automata::MatchKind;
use regex_automata::dfa::{StartKind, dense};
use regex_automata::util::syntax;

#[allow(dead_code, reason = "the texts alone are of use here")]
#[path = "src/anchor.rs"]
mod anchor;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=src/anchor.rs");
    let texts: Vec<&str> = anchor::ANCHORS.iter().map(|(text, _)| *text).collect();
    for (at, text) in texts.iter().enumerate() {
        if let Some(first) = texts[..at].iter().find(|first| text.starts_with(**first)) {
            return Err(format!("anchor.rs: `{first}` hides `{text}`, which must come before it").into());
        }
    }
    let literal = |text: &&str| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let patterns: Vec<String> = texts.iter().map(literal).collect();
    let config = dense::Config::new().match_kind(MatchKind::LeftmostFirst).start_kind(StartKind::Unanchored);
    let automaton = dense::Builder::new()
        .configure(config)
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build_many(&patterns)?;
    let big = std::env::var("CARGO_CFG_TARGET_ENDIAN")? == "big";
    let (bytes, padding) =
        if big { automaton.to_bytes_big_endian() } else { automaton.to_bytes_little_endian() };
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("anchors.dfa"), &bytes[padding..])?;
    Ok(())
}
