//! Include and exclude patterns, in the syntax of `.gitignore` lines.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::SourceError;

/// The patterns of [`DiscoverOptions`](super::DiscoverOptions), compiled. Paths are relative to the root.
pub(super) struct Globs {
    include: Option<Gitignore>,
    exclude: Gitignore,
}

impl Globs {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, SourceError> {
        let include = if include.is_empty() { None } else { Some(compile("include", include)?) };
        Ok(Self { include, exclude: compile("exclude", exclude)? })
    }

    /// Whether the walk goes into this directory, or looks at this file at all.
    pub(super) fn enters(&self, relative: &Path, is_directory: bool) -> bool {
        !self.exclude.matched(relative, is_directory).is_ignore()
    }

    /// Whether a directory that is named itself is to be walked: neither it nor one that holds it is excluded.
    pub(super) fn enters_named(&self, relative: &Path) -> bool {
        relative.as_os_str().is_empty()
            || !self.exclude.matched_path_or_any_parents(relative, true).is_ignore()
    }

    /// Whether a file that is named itself is to be read.
    pub(super) fn names(&self, relative: &Path) -> bool {
        !self.exclude.matched_path_or_any_parents(relative, false).is_ignore() && self.includes(relative)
    }

    /// Whether a file is among those asked for: itself, or a directory that holds it.
    pub(super) fn includes(&self, relative: &Path) -> bool {
        self.include
            .as_ref()
            .is_none_or(|include| include.matched_path_or_any_parents(relative, false).is_ignore())
    }
}

fn compile(option: &'static str, globs: &[String]) -> Result<Gitignore, SourceError> {
    let refuse = |glob: &str, problem: String| SourceError::Glob { option, glob: glob.into(), problem };
    let mut builder = GitignoreBuilder::new("");
    for glob in globs {
        // What a .gitignore line does with these would turn the pattern into its opposite, or into nothing.
        if glob.trim().is_empty() {
            return Err(refuse(glob, "it is empty".into()));
        }
        if glob.starts_with('!') || glob.starts_with('#') {
            return Err(refuse(glob, format!("it begins with {:?}", &glob[..1])));
        }
        // Patterns of .gitignore are matched with paths from the root, none of which begins like that.
        if let Some(start) = ["./", "../"].into_iter().find(|start| glob.starts_with(start)) {
            return Err(refuse(
                glob,
                format!("it begins with {start:?}, and paths start from the folder looked at"),
            ));
        }
        builder.add_line(None, glob).map_err(|error| refuse(glob, error.to_string()))?;
    }
    builder.build().map_err(|error| refuse(&globs.join(" "), error.to_string()))
}
