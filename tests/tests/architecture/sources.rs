//! The modules of a crate, and which of its files use which others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::tokens::{self, Item, Module};

/// The names of files that use each other: for each file those that it uses, with one of the names that it uses there.
pub type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// The modules of a crate, the root first.
pub struct Crate {
    nodes: Vec<Node>,
}

struct Node {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    module: Module,
}

/// What a name refers to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Module(usize),
    /// An item, with the files of its definition and of all re-exports on the way.
    Item(BTreeSet<String>),
}

impl Crate {
    /// Reads the modules that are reached from a crate's root file, those for tests apart, where `text` is the text of a file, if there is one.
    pub fn read(root: &str, text: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut read = Self { nodes: Vec::new() };
        let source = text(root).ok_or_else(|| format!("{root} is missing"))?;
        let module = tokens::read(&source).map_err(|error| format!("{root}: {error}"))?;
        let folder = Path::new(root).parent().unwrap_or(Path::new("")).to_owned();
        read.add(
            Node { file: root.to_owned(), parent: None, children: BTreeMap::new(), module },
            &folder,
            text,
        )?;
        Ok(read)
    }

    /// Adds a module with those below it, whose files are in a folder.
    fn add(
        &mut self,
        mut node: Node,
        folder: &Path,
        text: &dyn Fn(&str) -> Option<String>,
    ) -> Result<usize, String> {
        let modules = std::mem::take(&mut node.module.modules);
        let (at, file) = (self.nodes.len(), node.file.clone());
        self.nodes.push(node);
        for child in modules.into_iter().filter(|module| !module.only_tests) {
            let below = folder.join(&child.name);
            let (file, folder, module) = match child.body {
                Some(body) => (file.clone(), below, body),
                None => {
                    let beside = Path::new(&file).parent().unwrap_or(Path::new(""));
                    let candidates = match &child.path {
                        Some(path) => vec![beside.join(path)],
                        None => vec![folder.join(format!("{}.rs", child.name)), below.join("mod.rs")],
                    };
                    let mut existing = candidates.iter().map(|path| plain(path));
                    let Some((name, source)) =
                        existing.find_map(|name| Some((text(&name)?, name))).map(|(a, b)| (b, a))
                    else {
                        return Err(format!("{file}: module {} has no file", child.name));
                    };
                    let module = tokens::read(&source).map_err(|error| format!("{name}: {error}"))?;
                    (name, below, module)
                }
            };
            let node = Node { file, parent: Some(at), children: BTreeMap::new(), module };
            let added = self.add(node, &folder, text)?;
            self.nodes[at].children.insert(child.name, added);
        }
        Ok(at)
    }

    /// All declarations, each with its file.
    pub fn items(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.nodes.iter().flat_map(|node| node.module.items.iter().map(|item| (node.file.as_str(), item)))
    }

    /// Which files use which others. A use of a re-export is a use of the file that defines the item and of those that
    /// re-export it; declaring a module is none.
    pub fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut note = |path: &[String], found: Vec<Found>| {
                for file in found.into_iter().flat_map(|found| match found {
                    Found::Item(files) => files,
                    Found::Module(_) => BTreeSet::new(),
                }) {
                    if file != node.file {
                        let names = uses.entry(node.file.clone()).or_default();
                        names.entry(file).or_insert_with(|| path.join("::"));
                    }
                }
            };
            for import in &node.module.imports {
                let found = self.resolve(at, &import.path, &mut BTreeSet::new());
                match import.name {
                    Some(_) => note(&import.path, found),
                    None => {
                        let declared =
                            |name: &String| node.module.items.iter().any(|item| item.name == *name);
                        for path in node.module.paths.iter().filter(|path| !declared(&path[0])) {
                            note(path, self.below(&found, &path[..1], &mut BTreeSet::new()));
                        }
                    }
                }
            }
            for path in node.module.paths.iter().filter(|path| path.len() > 1) {
                note(path, self.resolve(at, path, &mut BTreeSet::new()));
            }
        }
        uses
    }

    /// What a path means in a module; nothing for one into another crate.
    fn resolve(&self, at: usize, path: &[String], open: &mut BTreeSet<(usize, String)>) -> Vec<Found> {
        let (start, rest) = match path.first().map(String::as_str) {
            Some("crate") => (vec![Found::Module(0)], &path[1..]),
            Some("self") => (vec![Found::Module(at)], &path[1..]),
            Some("super") => {
                let parent = self.nodes[at].parent.map(Found::Module);
                (parent.into_iter().collect(), &path[1..])
            }
            Some(first) => (self.lookup(at, first, open), &path[1..]),
            None => return Vec::new(),
        };
        self.below(&start, rest, open)
    }

    /// What the rest of a path means behind its start.
    fn below(&self, start: &[Found], rest: &[String], open: &mut BTreeSet<(usize, String)>) -> Vec<Found> {
        let Some(name) = rest.first() else { return start.to_vec() };
        let mut found = Vec::new();
        for start in start {
            match start {
                // What follows an item, such as a variant, belongs to it.
                Found::Item(_) => found.push(start.clone()),
                Found::Module(module) => {
                    let next = match (name.as_str(), self.nodes[*module].parent) {
                        ("super", Some(parent)) => vec![Found::Module(parent)],
                        _ => self.lookup(*module, name, open),
                    };
                    found.extend(self.below(&next, &rest[1..], open));
                }
            }
        }
        found
    }

    /// What a name in a module refers to, where `open` are the look-ups under way.
    fn lookup(&self, at: usize, name: &str, open: &mut BTreeSet<(usize, String)>) -> Vec<Found> {
        if !open.insert((at, name.to_owned())) {
            return Vec::new();
        }
        let node = &self.nodes[at];
        let mut found: Vec<Found> =
            node.children.get(name).map(|&child| Found::Module(child)).into_iter().collect();
        let here = || Found::Item(BTreeSet::from([node.file.clone()]));
        if node.module.items.iter().any(|item| item.name == name) {
            found.push(here());
        }
        for import in &node.module.imports {
            let imported = match &import.name {
                Some(known) if known == name => self.resolve(at, &import.path, open),
                Some(_) => continue,
                None => {
                    let of = self.resolve(at, &import.path, open);
                    let modules: Vec<Found> =
                        of.into_iter().filter(|of| matches!(of, Found::Module(_))).collect();
                    self.below(&modules, &[name.to_owned()], open)
                }
            };
            found.extend(imported.into_iter().map(|one| match one {
                Found::Item(mut files) => {
                    files.insert(node.file.clone());
                    Found::Item(files)
                }
                module => module,
            }));
        }
        if found.is_empty() && node.module.generated.contains(name) {
            found.push(here());
        }
        open.remove(&(at, name.to_owned()));
        found
    }
}

/// A path without `..`.
fn plain(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain.to_string_lossy().replace('\\', "/")
}
