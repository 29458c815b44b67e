//! Include and exclude patterns, in the syntax of `.gitignore` lines.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::source_error::SourceError;

/// The compiled patterns of [`DiscoverOptions`](super::DiscoverOptions). Paths are relative to the root.
pub(super) struct Globs {
    include: Option<Gitignore>,
    exclude: Gitignore,
}

impl Globs {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, SourceError> {
        let include = if include.is_empty() { None } else { Some(compile("include", include)?) };
        Ok(Self { include, exclude: compile("exclude", exclude)? })
    }

    /// Whether to enter this directory or read this file.
    pub(super) fn enters(&self, relative: &Path, is_directory: bool) -> bool {
        !self.exclude.matched(relative, is_directory).is_ignore()
    }

    /// Whether to walk a directory that was named explicitly: neither it nor a parent is excluded.
    pub(super) fn enters_named(&self, relative: &Path) -> bool {
        relative.as_os_str().is_empty()
            || !self.exclude.matched_path_or_any_parents(relative, true).is_ignore()
    }

    /// Whether to read a file that was named explicitly.
    pub(super) fn names(&self, relative: &Path) -> bool {
        !self.exclude.matched_path_or_any_parents(relative, false).is_ignore() && self.includes(relative)
    }

    /// Whether a file or one of its parents is included.
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
        // In a .gitignore line, these would invert the pattern or make it a comment.
        if glob.trim().is_empty() {
            return Err(refuse(glob, "it is empty".into()));
        }
        if glob.starts_with('!') || glob.starts_with('#') {
            return Err(refuse(glob, format!("it begins with {:?}", &glob[..1])));
        }
        // Patterns match paths from the root, none of which starts like that.
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
