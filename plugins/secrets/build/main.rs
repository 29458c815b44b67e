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

use std::fmt::Write as _;
use std::path::Path;

use anchor::MARKS;
use family::FAMILIES;
use groups::Group;
use keyword::KEYWORDS;
use text::Text;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for source in ["build", "src/anchor.rs", "src/family.rs", "src/keyword.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let texts = text::all();
    let groups = groups::of(&texts);
    let source = anchors(&texts)? + &places(&groups)? + &members(&groups)?;
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

/// `PLACES`: by place and byte a bit for each group that has a text with this byte in this place.
fn places(groups: &[Group]) -> Result<String, std::fmt::Error> {
    let mut source = String::from("static PLACES: [[u64; 256]; 3] = [\n");
    for place in 0..3 {
        let bits = |byte: u8| {
            let of_group = |(index, group): (usize, &Group)| u64::from(group.has(place, byte)) << index;
            groups.iter().enumerate().map(of_group).sum::<u64>()
        };
        let row: Vec<u64> = (0..=u8::MAX).map(bits).collect();
        writeln!(source, "    {row:?},")?;
    }
    source.push_str("];\n");
    Ok(source)
}

/// `GROUPS`: the texts of each group, by their place in `ANCHORS`.
fn members(groups: &[Group]) -> Result<String, std::fmt::Error> {
    let mut source = String::from("static GROUPS: &[&[u16]] = &[\n");
    for group in groups {
        writeln!(source, "    &{:?},", group.texts)?;
    }
    source.push_str("];\n");
    Ok(source)
}
