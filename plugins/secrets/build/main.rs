//! Makes the tables that the search for anchors reads: what each anchor may be part of, and which bytes may begin one.
//! An instance that made them would take longer to start than to analyse a file.

mod groups;
mod text;

#[allow(dead_code, reason = "the texts alone are of use here")]
#[path = "../src/anchor.rs"]
mod anchor;
#[allow(dead_code, reason = "the texts alone are of use here")]
#[path = "../src/family.rs"]
mod family;
#[allow(dead_code, reason = "the texts alone are of use here")]
#[path = "../src/keyword.rs"]
mod keyword;
#[path = "../src/slot.rs"]
mod slot;

use std::fmt::Write as _;
use std::path::Path;

use anchor::MARKS;
use family::FAMILIES;
use groups::Group;
use keyword::KEYWORDS;
use text::Text;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for source in ["build", "src/anchor.rs", "src/family.rs", "src/keyword.rs", "src/slot.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let texts = text::all();
    let groups = groups::of(&texts);
    let source = anchors(&texts)? + &halves(&groups)? + &places(&groups, &texts)? + &heads(&texts)?;
    write(&Path::new(&std::env::var("OUT_DIR")?).join("anchors.rs"), source.as_bytes())?;
    Ok(())
}

/// Writes a file of its own: where a target folder was copied by links, another build shares the one that is there.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    std::fs::write(path, bytes)
}

/// `ANCHORS`, in the order of the texts.
fn anchors(texts: &[Text]) -> Result<String, std::fmt::Error> {
    let mut source = String::from("pub(crate) static ANCHORS: &[Anchor] = &[\n");
    for found in texts {
        let Text { text, any_case } = *found;
        let families: Vec<(usize, usize)> = FAMILIES
            .iter()
            .enumerate()
            .flat_map(|(index, family)| family.anchors.iter().map(move |anchor| (index, *anchor)))
            .filter(|(_, anchor)| found.begins_with(&Text { text: anchor, any_case: false }) && !any_case)
            .map(|(index, anchor)| (index, anchor.len()))
            .collect();
        let keyword = KEYWORDS
            .iter()
            .enumerate()
            .filter(|(_, keyword)| found.begins_with(&Text { text: keyword.text, any_case: true }))
            .max_by_key(|(_, keyword)| keyword.text.len())
            .map(|(index, keyword)| (index, keyword.text.len()));
        let mark = MARKS.iter().find(|(mark, _)| text == *mark && !any_case);
        let mark = mark.map_or("None".to_owned(), |(_, mark)| format!("Some(Mark::{mark:?})"));
        writeln!(
            source,
            "    Anchor {{ text: {text:?}, any_case: {any_case}, families: &{families:?}, keyword: {keyword:?}, mark: {mark} }},"
        )?;
    }
    source.push_str("];\n");
    Ok(source)
}

/// `HALVES`: by place and set of eight groups, for the lower and the upper half of a byte a bit for each group that has a
/// text with this half in this place. Components alone read it.
fn halves(groups: &[Group]) -> Result<String, std::fmt::Error> {
    let sets = groups.len().div_ceil(8);
    let mut source =
        format!("#[cfg(target_arch = \"wasm32\")]\nstatic HALVES: [[[[u8; 16]; 2]; {sets}]; 3] = [\n");
    for place in 0..3 {
        source.push_str("    [\n");
        for set in groups.chunks(8) {
            let row = |has: fn(&Group, usize, u8) -> bool| {
                let of_group = |half, (index, group)| u8::from(has(group, place, half)) << index;
                let bits = |half| set.iter().enumerate().map(|group| of_group(half, group)).sum();
                (0..16).map(bits).collect::<Vec<u8>>()
            };
            writeln!(source, "        [{:?}, {:?}],", row(Group::has_low), row(Group::has_high))?;
        }
        source.push_str("    ],\n");
    }
    source.push_str("];\n");
    Ok(source)
}

/// `PLACES`: by place and byte a bit for each group that has a text with this byte in this place.
fn places(groups: &[Group], texts: &[Text]) -> Result<String, std::fmt::Error> {
    let mut source = String::from("static PLACES: [[u32; 256]; 4] = [\n");
    for place in 0..4 {
        let has = |group: &Group, byte| {
            group.texts.iter().any(|&text| texts[usize::from(text)].may_have(place, byte))
        };
        let bits = |byte| {
            let of_group = |(index, group)| u32::from(has(group, byte)) << index;
            groups.iter().enumerate().map(of_group).sum::<u32>()
        };
        let row: Vec<u32> = (0..=u8::MAX).map(bits).collect();
        writeln!(source, "    {row:?},")?;
    }
    source.push_str("];\n");
    Ok(source)
}

/// `HEADS`: the texts by the slots of their first two bytes, in order, and `SLOTS`: where each slot begins, and the end.
fn heads(texts: &[Text]) -> Result<String, std::fmt::Error> {
    let mut slots = vec![Vec::new(); slot::COUNT];
    for (index, text) in texts.iter().enumerate() {
        let [first, second] = *text.text.as_bytes().first_chunk().expect("no text is a single byte");
        slots[slot::of(first, second)].push((index, text));
    }
    let mut source = String::from("static HEADS: &[Head] = &[\n");
    let mut starts = vec![0];
    for slot in &slots {
        for (index, text) in slot {
            let [mut head, mut case, mut mask] = [[0u8; 8]; 3];
            for (at, &byte) in text.text.as_bytes().iter().take(8).enumerate() {
                head[at] = byte;
                mask[at] = u8::MAX;
                case[at] = if text.any_case && byte.is_ascii_alphabetic() { 0x20 } else { 0 };
            }
            let [head, case, mask] = [head, case, mask].map(u64::from_le_bytes);
            writeln!(
                source,
                "    Head {{ anchor: {index}, head: {head:#x}, case: {case:#x}, mask: {mask:#x} }},"
            )?;
        }
        starts.push(starts.last().copied().unwrap_or_default() + slot.len());
    }
    writeln!(source, "];\nstatic SLOTS: [u16; {}] = {starts:?};", starts.len())?;
    Ok(source)
}
