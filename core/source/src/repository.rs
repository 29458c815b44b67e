//! The git repository of a path.

use std::path::{Path, PathBuf};

/// The root of the git repository that contains `path`: the nearest directory at or above it with a `.git`.
pub fn repository_of(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned)
}

/// The file with ignore patterns in the repository's settings (`core.excludesFile`), which takes precedence over the
/// user's.
pub(super) fn excludes_file(top: &Path) -> Option<PathBuf> {
    let settings = codetune_files::read_text(&top.join(".git/config"), codetune_files::SETTINGS).ok()?;
    let value = excludes_in(&settings)?;
    match value.strip_prefix("~/") {
        Some(rest) => std::env::var_os("HOME").map(|home| PathBuf::from(home).join(rest)),
        None => Some(top.join(value)),
    }
}

/// The last `excludesfile` in the sections `[core]`, as git reads its settings.
fn excludes_in(settings: &str) -> Option<String> {
    let mut in_core = false;
    let mut found = None;
    for line in settings.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            in_core = header.split(']').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("core"));
        } else if in_core
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("excludesfile")
        {
            let value = value.trim();
            let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            found = Some(quoted.unwrap_or(value).replace("\\\\", "\\")).filter(|value| !value.is_empty());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_excludes_file_of_the_core_section_counts() {
        for (settings, expected) in [
            ("[core]\n\texcludesFile = /a\n", Some("/a")),
            ("[Core]\n\tEXCLUDESFILE=\"a b\"\n", Some("a b")),
            ("[core]\n excludesfile = a\n[core]\n excludesfile = b\n", Some("b")),
            ("[remote \"core\"]\n excludesfile = a\n", None),
            ("[core]\n bare = false\n[user]\n excludesfile = a\n", None),
            ("", None),
        ] {
            assert_eq!(excludes_in(settings).as_deref(), expected, "{settings:?}");
        }
    }
}
