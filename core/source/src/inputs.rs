//! What is to be read: folders, files, or a text that someone hands over.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::source_error::SourceError;

/// Folders and files to read, and the folder that paths in results are relative to.
#[derive(Clone, Debug)]
pub struct Inputs(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Alone(PathBuf),
    Among { current: PathBuf, paths: Vec<PathBuf> },
    Text { current: PathBuf, name: PathBuf, content: Arc<[u8]> },
}

/// One of the inputs, found.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// By which it is opened.
    pub absolute: PathBuf,
    /// Relative to the root of all inputs; empty where it is that root.
    pub relative: PathBuf,
    pub what: What,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) enum What {
    Folder,
    File(u64),
    /// A link that leads nowhere.
    Dangling,
    /// No file at all, but what it would hold.
    Text(Arc<[u8]>),
}

impl Inputs {
    /// Folders and files, as a user in the folder `current` names them. Paths in results are relative to
    /// `current` where it holds all of them, and otherwise to the deepest folder that does.
    pub fn among(current: &Path, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Inputs(Kind::Among { current: current.to_owned(), paths: paths.into_iter().collect() })
    }

    /// A text that is in no file, under the name that it goes by in the folder `current`.
    pub fn text(current: &Path, name: &Path, content: Vec<u8>) -> Self {
        Inputs(Kind::Text { current: current.to_owned(), name: name.to_owned(), content: content.into() })
    }

    /// Finds them.
    pub(super) fn resolve(&self) -> Result<Resolved, SourceError> {
        match &self.0 {
            Kind::Alone(path) => {
                let named = look(path, &whole(path)?, false)?;
                Ok(Resolved::below(folder_of(&named), vec![named]))
            }
            Kind::Among { current, paths } => {
                let may_dangle = paths.len() > 1;
                let found = paths.iter().map(|path| look(path, &whole(&current.join(path))?, may_dangle));
                Ok(Resolved::seen_from(current, found.collect::<Result<_, _>>()?))
            }
            Kind::Text { current, name, content } => {
                let absolute = whole(&current.join(name))?;
                let named = Named { absolute, relative: PathBuf::new(), what: What::Text(content.clone()) };
                Ok(Resolved::seen_from(current, vec![named]))
            }
        }
    }
}

/// A folder, or a single file: paths in results are relative to that folder, or to the one that holds the file.
impl From<&Path> for Inputs {
    fn from(path: &Path) -> Self {
        Inputs(Kind::Alone(path.to_owned()))
    }
}

impl From<&PathBuf> for Inputs {
    fn from(path: &PathBuf) -> Self {
        Inputs(Kind::Alone(path.clone()))
    }
}

fn look(given: &Path, absolute: &Path, may_dangle: bool) -> Result<Named, SourceError> {
    let what = match fs::metadata(absolute) {
        Ok(metadata) if metadata.is_dir() => What::Folder,
        Ok(metadata) if metadata.is_file() => What::File(metadata.len()),
        Ok(_) => return Err(SourceError::RootKind { path: given.to_owned() }),
        Err(error)
            if may_dangle
                && error.kind() == io::ErrorKind::NotFound
                && absolute.symlink_metadata().is_ok() =>
        {
            What::Dangling
        }
        Err(source) => return Err(SourceError::Root { path: given.to_owned(), source }),
    };
    Ok(Named { absolute: absolute.to_owned(), relative: PathBuf::new(), what })
}

/// The full path. Links stay as they are named, unless the path climbs, which a link makes ambiguous.
fn whole(path: &Path) -> Result<PathBuf, SourceError> {
    let unreadable = |source| SourceError::Root { path: path.to_owned(), source };
    let full = std::path::absolute(path).map_err(unreadable)?;
    match full.components().any(|part| part == Component::ParentDir) {
        true => full.canonicalize().map_err(unreadable),
        false => Ok(full),
    }
}

fn folder_of(named: &Named) -> PathBuf {
    match named.what {
        What::Folder => named.absolute.clone(),
        _ => named.absolute.parent().unwrap_or(&named.absolute).to_owned(),
    }
}

/// The inputs, and how they lie.
pub(super) struct Resolved {
    /// Full path of the folder that paths are relative to.
    pub root: PathBuf,
    /// The deepest folder that holds all inputs, relative to `root`.
    pub scope: PathBuf,
    pub named: Vec<Named>,
}

impl Resolved {
    fn seen_from(current: &Path, named: Vec<Named>) -> Self {
        let root = match named.iter().all(|one| one.absolute.starts_with(current)) {
            true => current.to_owned(),
            false => common(&named).unwrap_or_else(|| current.to_owned()),
        };
        Self::below(root, named)
    }

    fn below(root: PathBuf, mut named: Vec<Named>) -> Self {
        let relative = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_owned();
        for one in &mut named {
            one.relative = relative(&one.absolute);
        }
        let scope = common(&named).map(|folder| relative(&folder)).unwrap_or_default();
        Resolved { root, scope, named }
    }
}

/// The deepest folder that holds all of them; `None` where there are none.
fn common(named: &[Named]) -> Option<PathBuf> {
    named.iter().map(folder_of).reduce(|common, folder| {
        let shared = common.components().zip(folder.components()).take_while(|(a, b)| a == b);
        shared.map(|(part, _)| part).collect()
    })
}
