//! Ignore files that cannot be read: what a folder of strangers calls `.gitignore` may be a pipe, which would be waited
//! for without end, or lead to a device that gives bytes without end.

use std::fmt;
use std::path::{Path, PathBuf};

/// The most bytes of an ignore file: fifty times those of long ones.
const MOST_BYTES: u64 = 1 << 20;

/// What a walk reads in every folder.
const NAMES: [&str; 2] = [".gitignore", ".ignore"];

/// An ignore file that is not to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    path: PathBuf,
    why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, why } = self;
        write!(f, "{} is an ignore file, and {why}; remove it, or read none with --no-ignore", path.display())
    }
}

/// The first file that a walk would read on entering `folder` and must not.
pub(super) fn unreadable_in(folder: &Path) -> Option<Unreadable> {
    let git = folder.join(".git");
    let own = NAMES.iter().find_map(|name| unreadable(folder.join(name)));
    own.or_else(|| unreadable(git.join("info/exclude"))).or_else(|| match git.is_file() {
        // Of a worktree or a submodule; it names the folder that holds the rest.
        true => unreadable(git.clone()).or_else(|| {
            let text = codetune_files::read_text(&git, MOST_BYTES).ok()?;
            let common = PathBuf::from(text.lines().next()?.strip_prefix("gitdir: ")?).join("commondir");
            let shared = codetune_files::read_text(&common, MOST_BYTES).ok();
            let shared = shared
                .as_deref()
                .and_then(|text| text.lines().next())
                .map(|line| common.with_file_name(line));
            unreadable(common).or_else(|| unreadable(shared?.join("info/exclude")))
        }),
        false => None,
    })
}

/// The file, where it is there and not to be read.
pub(super) fn unreadable(path: PathBuf) -> Option<Unreadable> {
    // What is not there, or cannot be looked at, is not opened either or opened in vain.
    let metadata = std::fs::metadata(&path).ok()?;
    let why = if metadata.is_dir() {
        return None;
    } else if !metadata.is_file() {
        "it is not a regular file".to_owned()
    } else if metadata.len() > MOST_BYTES {
        format!("it has {} bytes, of which at most {MOST_BYTES} are read", metadata.len())
    } else {
        return None;
    };
    Some(Unreadable { path, why })
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{DiscoverOptions, SkipReason, discover};

    /// A folder with a file of source code in it and in a folder below.
    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a.rs", "below/b.rs", "other/c.rs"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "fn f() {}\n").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_whose_ignore_file_gives_bytes_without_end_is_skipped_with_the_reason() {
        for name in NAMES {
            let project = project();
            fs::create_dir(project.path().join(".git")).unwrap();
            symlink("/dev/zero", project.path().join("below").join(name)).unwrap();
            let found = discover(project.path(), &DiscoverOptions::default()).unwrap();
            let files: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
            assert_eq!(files, ["a.rs", "other/c.rs"]);
            let [skipped] = &found.skipped[..] else { panic!("{:?}", found.skipped) };
            assert_eq!(skipped.path, "below");
            let SkipReason::Unreadable { message } = &skipped.reason else { panic!("{skipped:?}") };
            assert!(
                message.contains(&format!("below/{name} is an ignore file, and it is not a regular file; "))
            );
            let all = DiscoverOptions { ignore_files: false, ..DiscoverOptions::default() };
            assert_eq!(
                discover(project.path(), &all).unwrap().files.len(),
                3,
                "none is read with --no-ignore"
            );
        }
    }

    #[test]
    fn files_that_hold_for_the_whole_walk_are_refused_before_it() {
        type Make = fn(&Path);
        fn zero(path: &Path) {
            symlink("/dev/zero", path).unwrap();
        }
        let cases: [(&str, Make); 5] = [
            (".gitignore", |top| zero(&top.join(".gitignore"))),
            (".ignore", |top| zero(&top.join(".ignore"))),
            ("exclude", |top| zero(&top.join(".git/info/exclude"))),
            ("/dev/zero", |top| {
                fs::write(top.join(".git/config"), "[core]\nexcludesfile = /dev/zero\n").unwrap();
            }),
            (".gitignore", |top| {
                fs::File::create(top.join(".gitignore")).unwrap().set_len(MOST_BYTES + 1).unwrap();
            }),
        ];
        for (named, make) in cases {
            let project = project();
            fs::create_dir_all(project.path().join(".git/info")).unwrap();
            make(project.path());
            // Those of a folder above hold below it, too.
            for folder in [project.path().to_owned(), project.path().join("below")] {
                let error = discover(&folder, &DiscoverOptions::default()).unwrap_err().to_string();
                assert!(error.contains(named) && error.contains("--no-ignore"), "{error}");
            }
        }
    }

    #[test]
    fn a_repository_whose_settings_are_no_file_has_none() {
        let project = project();
        fs::create_dir(project.path().join(".git")).unwrap();
        symlink("/dev/zero", project.path().join(".git/config")).unwrap();
        assert_eq!(discover(project.path(), &DiscoverOptions::default()).unwrap().files.len(), 3);
    }

    #[test]
    fn ordinary_ignore_files_and_links_to_such_are_read() {
        let project = project();
        fs::create_dir(project.path().join(".git")).unwrap();
        fs::write(project.path().join("patterns"), "b.rs\n").unwrap();
        symlink(project.path().join("patterns"), project.path().join(".gitignore")).unwrap();
        let found = discover(project.path(), &DiscoverOptions::default()).unwrap();
        assert_eq!(
            found.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
            ["a.rs", "other/c.rs"]
        );
    }
}
