//! A seeded split into training and held-out documents without leaks.
//!
//! A group (a file, or the files of a directory) is held out if the hash of seed and group name is below the fraction.
//! So the side of a document only depends on its own path: adding or removing files does not move others. There are two
//! exceptions:
//!
//! - if all groups would be on one side although both were requested, the group nearest to the threshold changes sides; a
//!   single group is used for training;
//! - groups with an identical text are treated as one group, with the first name by path.

use std::collections::{BTreeMap, HashMap};

use super::config::Group;
use super::dedup::content_digest;
use super::document::{Document, Split};
use super::random::Draws;

/// The side of each document; `documents` must be sorted by path.
///
/// `fraction` is that of groups, in `[0, 1)`; 0 holds nothing out. With two or more groups (after joining those with an
/// identical text) and a fraction above 0, both sides have a document.
pub fn split(documents: &[Document], seed: u64, fraction: f64, group: Group) -> Vec<Split> {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for document in documents {
        let next = names.len();
        names.entry(group_name(&document.path, group)).or_insert(next);
    }
    let mut joined = Joined((0..names.len()).collect());
    let mut owners: HashMap<[u8; 32], usize> = HashMap::new();
    let members: Vec<usize> = documents
        .iter()
        .map(|document| {
            let index = names.get(group_name(&document.path, group)).copied().unwrap_or_default();
            let owner = *owners.entry(content_digest(document)).or_insert(index);
            joined.join(owner, index);
            index
        })
        .collect();

    // The first name of a joined group decides for all of it.
    let mut drawn: BTreeMap<usize, (f64, &str)> = BTreeMap::new();
    for (name, &index) in &names {
        let root = joined.root(index);
        drawn.entry(root).or_insert_with(|| (draw(seed, name), name));
    }
    let mut sides: BTreeMap<usize, Split> = drawn
        .iter()
        .map(|(&root, &(value, _))| (root, if value < fraction { Split::HeldOut } else { Split::Train }))
        .collect();
    if fraction > 0.0 && sides.len() > 1 {
        let by_draw = |a: &(&usize, &(f64, &str)), b: &(&usize, &(f64, &str))| {
            a.1.0.total_cmp(&b.1.0).then(a.1.1.cmp(b.1.1))
        };
        let lacking = |side| sides.values().all(|&other| other != side);
        let moved = if lacking(Split::HeldOut) {
            drawn.iter().min_by(by_draw).map(|(&root, _)| (root, Split::HeldOut))
        } else if lacking(Split::Train) {
            drawn.iter().max_by(by_draw).map(|(&root, _)| (root, Split::Train))
        } else {
            None
        };
        sides.extend(moved);
    }
    if sides.len() == 1 {
        sides.values_mut().for_each(|side| *side = Split::Train);
    }
    members.iter().map(|&index| sides.get(&joined.root(index)).copied().unwrap_or(Split::Train)).collect()
}

fn draw(seed: u64, name: &str) -> f64 {
    Draws::new("codetune dataset 1 split", seed, name.as_bytes()).unit()
}

/// The group of a path.
fn group_name(path: &str, group: Group) -> &str {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    match group {
        Group::File => path,
        Group::Directory => directory,
        Group::Depth(depth) => match directory.match_indices('/').nth(depth.saturating_sub(1)) {
            Some((end, _)) => directory.get(..end).unwrap_or(directory),
            None => directory,
        },
    }
}

/// Disjoint sets; the root of a set is its smallest member.
struct Joined(Vec<usize>);

impl Joined {
    fn root(&self, mut index: usize) -> usize {
        while let Some(&parent) = self.0.get(index)
            && parent != index
        {
            index = parent;
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.0.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::tests::document;
    use super::*;

    fn many(count: usize) -> Vec<Document> {
        (0..count)
            .map(|i| document(&format!("d{}/s{}/f{i:04}", i % 7, i % 3), &format!("text {i}")))
            .collect()
    }

    #[test]
    fn the_fraction_is_met_and_the_seed_decides() {
        let documents = many(2000);
        let sides = split(&documents, 1, 0.2, Group::File);
        let held = sides.iter().filter(|&&s| s == Split::HeldOut).count();
        assert!((300..500).contains(&held), "{held}");
        assert_eq!(sides, split(&documents, 1, 0.2, Group::File));
        assert_ne!(sides, split(&documents, 2, 0.2, Group::File));
    }

    #[test]
    fn a_lone_group_is_for_training_whatever_it_draws() {
        for seed in 0..50 {
            assert_eq!(split(&many(1), seed, 0.9, Group::File), [Split::Train]);
        }
    }

    #[test]
    fn adding_a_file_does_not_move_others() {
        let documents = many(300);
        let sides = split(&documents, 9, 0.3, Group::File);
        for extra in 0..20 {
            let mut more = documents.clone();
            more.push(document(&format!("extra/{extra}"), &format!("new {extra}")));
            assert_eq!(split(&more, 9, 0.3, Group::File)[..300], sides[..]);
        }
    }

    #[test]
    fn directories_stay_together() {
        let documents = many(400);
        for (group, depth) in [(Group::Directory, 2), (Group::Depth(1), 1), (Group::Depth(5), 2)] {
            let sides = split(&documents, 4, 0.4, group);
            let mut seen: HashMap<String, Split> = HashMap::new();
            for (document, side) in documents.iter().zip(&sides) {
                let name = document.path.split('/').take(depth).collect::<Vec<_>>().join("/");
                assert_eq!(seen.entry(name).or_insert(*side), side, "{group:?} {}", document.path);
            }
            assert_eq!(sides.iter().collect::<HashSet<_>>().len(), 2);
        }
    }

    #[test]
    fn both_sides_have_a_document_whatever_the_seed() {
        let documents = many(2);
        for seed in 0..200 {
            for fraction in [0.001, 0.5, 0.999] {
                let sides = split(&documents, seed, fraction, Group::File);
                assert!(sides.contains(&Split::HeldOut) && sides.contains(&Split::Train));
            }
        }
    }

    #[test]
    fn nothing_is_held_out_of_a_single_group_or_with_fraction_zero() {
        for seed in 0..50 {
            assert_eq!(split(&many(1), seed, 0.9, Group::Directory), [Split::Train]);
        }
        assert!(split(&many(50), 0, 0.0, Group::File).iter().all(|&s| s == Split::Train));
    }

    #[test]
    fn equal_texts_are_never_on_both_sides() {
        for seed in 0..50 {
            let mut documents = many(100);
            for (i, document) in documents.iter_mut().enumerate() {
                document.text = format!("text {}", i % 40).into();
            }
            for group in [Group::File, Group::Directory] {
                let sides = split(&documents, seed, 0.5, group);
                let mut seen: HashMap<&str, Split> = HashMap::new();
                for (document, side) in documents.iter().zip(&sides) {
                    assert_eq!(seen.entry(&document.text).or_insert(*side), side);
                }
            }
        }
    }
}
