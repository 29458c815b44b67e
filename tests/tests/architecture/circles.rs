//! No file uses one that uses it, directly or by way of others. Tests may use what they want.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::sources::{Crate, Uses};

/// One of the shortest circles through each file that is in one, each circle once: `a.rs -> b.rs (what) -> a.rs (what)`.
fn circles(uses: &Uses) -> BTreeSet<String> {
    uses.keys().filter_map(|file| circle(uses, file)).map(|files| shown(uses, &files)).collect()
}

/// A shortest circle that a file is in, starting with the first of its files.
fn circle<'a>(uses: &'a Uses, start: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for next in uses.get(file).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut files = vec![file];
                while files[files.len() - 1] != start {
                    files.push(before[files[files.len() - 1]]);
                }
                files.reverse();
                let first = (0..files.len()).min_by_key(|&at| files[at])?;
                files.rotate_left(first);
                return Some(files);
            }
            if !before.contains_key(next.as_str()) {
                before.insert(next, file);
                open.push_back(next);
            }
        }
    }
    None
}

fn shown(uses: &Uses, files: &[&str]) -> String {
    let mut text = files[0].to_owned();
    for (at, file) in files.iter().enumerate() {
        let next = files[(at + 1) % files.len()];
        text += &format!(" -> {next} ({})", uses[*file][next]);
    }
    text
}

#[test]
fn no_file_uses_one_that_uses_it() {
    let mut files = 0;
    let mut found = Vec::new();
    for root in super::targets() {
        let uses = Crate::read(&root, &super::text).expect("the sources of a crate").uses();
        files += uses.len();
        found.extend(circles(&uses));
    }
    assert!(files > 250, "only {files} files use others");
    assert!(found.is_empty(), "{} circles:\n{}", found.len(), found.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles in a crate of some files, its root first.
    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let text = |name: &str| files.get(name).map(|&text| text.to_owned());
        circles(&Crate::read("lib.rs", &text).unwrap().uses()).into_iter().collect()
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let a = ("a.rs", "use super::b::B; pub struct A;");
        let b = ("b.rs", "pub struct B; fn f() { let _ = vec![crate::a::A]; }");
        assert_eq!(
            of(&[("lib.rs", "mod a; mod b;"), a, b]),
            ["a.rs -> b.rs (super::b::B) -> a.rs (crate::a::A)"]
        );
        assert_eq!(of(&[("lib.rs", "mod a; mod b;"), a, ("b.rs", "pub struct B;")]), [""; 0]);
    }

    #[test]
    fn a_circle_may_go_through_several_files_and_modules() {
        let lib = ("lib.rs", "mod a; mod b; mod c;");
        let a = ("a.rs", "use crate::b; fn f() { b::inner::g(); }");
        let b = ("b/mod.rs", "pub mod inner;");
        let inner = ("b/inner.rs", "use super::super::c::{self as third}; pub fn g() { third::h() }");
        let c = ("c.rs", "pub fn h() { crate::a::f() }");
        assert_eq!(
            of(&[lib, a, b, inner, c]),
            ["a.rs -> b/inner.rs (b::inner::g) -> c.rs (third::h) -> a.rs (crate::a::f)"]
        );
    }

    #[test]
    fn importing_what_the_parent_re_exports_uses_the_parent_too() {
        let lib = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::b;");
        let a = ("a.rs", "pub struct A;");
        let by_parent = ("b.rs", "use super::A; pub fn b(_: A) {}");
        assert_eq!(of(&[lib, a, by_parent]), ["b.rs -> lib.rs (super::A) -> b.rs (b::b)"]);
        assert_eq!(of(&[lib, a, ("b.rs", "use super::a::A; pub fn b(_: A) {}")]), [""; 0]);
    }

    #[test]
    fn names_that_come_by_a_star_or_from_a_macro_are_used_where_they_are_mentioned() {
        let lib = ("lib.rs", "mod a; mod table;");
        let table = ("table.rs", "use crate::a::f; fields! { WIDTH => 1 }");
        let expected = ["a.rs -> table.rs (WIDTH) -> a.rs (crate::a::f)"];
        assert_eq!(of(&[lib, ("a.rs", "use crate::table::*; pub fn f() -> u8 { WIDTH }"), table]), expected);
        assert_eq!(of(&[lib, ("a.rs", "use crate::table::*; pub fn f() {}"), table]), [""; 0]);
    }

    #[test]
    fn a_module_inside_a_file_belongs_to_the_file() {
        let lib = ("lib.rs", "mod a; mod b;");
        let a = ("a.rs", "pub struct A; mod inner { use super::*; use crate::b::B; fn f(_: A, _: B) {} }");
        let b = ("b.rs", "pub struct B(crate::a::A);");
        assert_eq!(of(&[lib, a, b]), ["a.rs -> b.rs (crate::b::B) -> a.rs (crate::a::A)"]);
        let a = ("a.rs", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; fn f(_: B) {} }");
        assert_eq!(of(&[lib, a, b]), [""; 0], "tests apart");
    }

    #[test]
    fn other_crates_and_names_of_ones_own_are_no_uses() {
        let a = ("a.rs", "use std::fmt; pub enum Kind { B } fn f() { Kind::B; fmt::Error; ::b::g(); }");
        let b = ("b.rs", "use crate::a::Kind; use Kind::*; fn g() -> Kind { B }");
        assert_eq!(of(&[("lib.rs", "mod a; mod b;"), a, b]), [""; 0]);
    }
}
