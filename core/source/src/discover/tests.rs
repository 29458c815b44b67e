use codetune_validate::Whole;
use std::fs;
use std::path::Path;

use super::*;
use crate::Language;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        Self(folder)
    }

    fn discover(&self, options: &DiscoverOptions) -> Discovery {
        discover(self.0.path(), options).unwrap()
    }

    /// What someone in the folder `current` of this one finds.
    fn among(&self, current: &str, paths: &[&str], options: &DiscoverOptions) -> Discovery {
        let current = self.0.path().join(current);
        discover(Inputs::among(&current, paths.iter().map(Into::into)), options).unwrap()
    }
}

fn paths(discovery: &Discovery) -> Vec<&str> {
    discovery.files.iter().map(|file| file.path.as_str()).collect()
}

fn reasons(discovery: &Discovery) -> Vec<(&str, &str)> {
    discovery.skipped.iter().map(|skipped| (skipped.path.as_str(), skipped.reason.code())).collect()
}

#[test]
fn order_is_by_the_bytes_of_the_path() {
    let folder = Folder::new(&[
        ("a/z.py", b""),
        ("a.py", b""),
        ("a-b.py", b""),
        ("Z.py", b""),
        ("b/c/d.rs", b""),
        ("é.py", b""),
    ]);
    let found = folder.discover(&DiscoverOptions::default());
    assert_eq!(paths(&found), ["Z.py", "a-b.py", "a.py", "a/z.py", "b/c/d.rs", "é.py"]);
    assert_eq!(found, folder.discover(&DiscoverOptions::default()));
    assert!(found.files.iter().all(|file| file.absolute.is_absolute()));
}

#[test]
fn ignore_files_are_obeyed_unless_switched_off() {
    let folder = Folder::new(&[
        (".gitignore", b"build/\n*.gen.py\n!keep.gen.py\n"),
        ("sub/.ignore", b"local.py\n"),
        ("a.py", b""),
        ("b.gen.py", b""),
        ("keep.gen.py", b""),
        ("build/c.py", b""),
        ("sub/local.py", b""),
    ]);
    let obeyed = folder.discover(&DiscoverOptions::default());
    assert_eq!(paths(&obeyed), ["a.py", "keep.gen.py"]);
    let off = folder.discover(&DiscoverOptions { ignore_files: false, ..DiscoverOptions::default() });
    assert_eq!(paths(&off), ["a.py", "b.gen.py", "build/c.py", "keep.gen.py", "sub/local.py"]);
}

#[test]
fn gitignore_above_the_root_counts_only_within_a_repository() {
    let folder =
        Folder::new(&[(".gitignore", b"a.py\n"), ("project/src/a.py", b""), ("project/src/b.py", b"")]);
    let source = folder.0.path().join("project/src");
    assert_eq!(paths(&discover(&source, &DiscoverOptions::default()).unwrap()), ["a.py", "b.py"]);
    fs::create_dir(folder.0.path().join(".git")).unwrap();
    assert_eq!(paths(&discover(&source, &DiscoverOptions::default()).unwrap()), ["b.py"]);
    fs::create_dir(folder.0.path().join("project/.git")).unwrap();
    assert_eq!(paths(&discover(&source, &DiscoverOptions::default()).unwrap()), ["a.py", "b.py"]);
}

#[test]
fn gits_own_settings_of_what_to_ignore_are_obeyed_in_a_repository() {
    let folder = Folder::new(&[
        ("repo/.git/info/exclude", b"excluded.py\n"),
        ("repo/.git/config", b"[core]\n\texcludesFile = my ignores\n"),
        ("repo/my ignores", b"/sub/mine.py\n"),
        ("repo/a.py", b""),
        ("repo/excluded.py", b""),
        ("repo/sub/excluded.py", b""),
        ("repo/sub/mine.py", b""),
        ("repo/mine.py", b""),
    ]);
    let repository = folder.0.path().join("repo");
    let found = |root: &Path, options: &DiscoverOptions| paths(&discover(root, options).unwrap()).join(" ");
    let usual = DiscoverOptions::default();
    assert_eq!(found(&repository, &usual), "a.py mine.py");
    assert_eq!(found(&repository.join("sub"), &usual), "");
    let off = DiscoverOptions { ignore_files: false, ..usual };
    assert_eq!(found(&repository, &off), "a.py excluded.py mine.py sub/excluded.py sub/mine.py");
}

#[test]
fn hidden_files_are_looked_at_only_on_request_and_counted() {
    let folder = Folder::new(&[(".hidden.py", b""), (".git/hook.py", b""), (".ci/a.py", b""), ("a.py", b"")]);
    let found = folder.discover(&DiscoverOptions::default());
    assert_eq!((paths(&found), found.hidden), (vec!["a.py"], 2));
    let all = folder.discover(&DiscoverOptions { hidden: true, ..DiscoverOptions::default() });
    assert_eq!((paths(&all), all.hidden), (vec![".ci/a.py", ".hidden.py", "a.py"], 0));
    assert!(all.files.iter().all(|file| !file.extra));
}

#[test]
fn every_text_finds_what_only_some_analyzers_want_and_marks_it() {
    let folder = Folder::new(&[
        (".env", b"A=1\n"),
        (".ci/a.py", b""),
        (".gitignore", b"local.env\n"),
        ("local.env", b""),
        ("config.yaml", b""),
        ("server", b""),
        ("a.py", b""),
    ]);
    let found = folder.discover(&DiscoverOptions { every_text: true, ..DiscoverOptions::default() });
    let told: Vec<_> = found.files.iter().map(|file| (&*file.path, file.language.id(), file.extra)).collect();
    assert_eq!(
        told,
        [
            (".ci/a.py", "python", true),
            (".env", "text", true),
            (".gitignore", "text", true),
            ("a.py", "python", false),
            ("config.yaml", "text", true),
            ("server", "text", true),
        ]
    );
    assert!(found.skipped.is_empty() && found.hidden == 0);
}

#[test]
fn stores_of_version_control_and_folders_to_leave_are_never_entered() {
    let folder = Folder::new(&[(".git/a.py", b""), (".hg/a.py", b""), (".svn/a.py", b""), ("own/a.py", b"")]);
    let leave = vec![folder.0.path().join("own")];
    let found = folder.discover(&DiscoverOptions { hidden: true, leave, ..DiscoverOptions::default() });
    assert_eq!(paths(&found), [""; 0]);
}

#[test]
fn several_inputs_are_relative_to_the_current_folder_and_found_once() {
    let folder = Folder::new(&[("src/a.py", b""), ("src/b.py", b""), ("lib/c.py", b""), ("d.py", b"")]);
    let usual = DiscoverOptions::default();
    let found = folder.among("", &["src", "d.py", "src/a.py", "./d.py"], &usual);
    assert_eq!(
        (paths(&found), found.root.as_path()),
        (vec!["d.py", "src/a.py", "src/b.py"], folder.0.path())
    );
    let found = folder.among("src", &["a.py", "../lib"], &usual);
    assert_eq!(paths(&found), ["lib/c.py", "src/a.py"]);
    assert_eq!(found.root, folder.0.path().canonicalize().unwrap());
    let found = folder.among("lib", &["../src"], &usual);
    assert_eq!(paths(&found), ["a.py", "b.py"]);
    assert_eq!(
        (folder.among("src", &[], &usual).files.len(), folder.among("src", &["a.py"], &usual).scope),
        (0, "".into())
    );
}

#[test]
fn what_is_named_is_neither_ignored_nor_hidden_but_may_be_excluded() {
    let folder = Folder::new(&[
        (".gitignore", b"a.py\n"),
        ("a.py", b""),
        (".b.py", b""),
        (".ci/c.py", b""),
        ("notes.md", b""),
    ]);
    let found = |exclude: &[&str], named: &[&str]| {
        let exclude = exclude.iter().map(ToString::to_string).collect();
        paths(&folder.among("", named, &DiscoverOptions { exclude, ..DiscoverOptions::default() })).join(" ")
    };
    assert_eq!(found(&[], &["a.py", ".b.py", ".ci", "notes.md"]), ".b.py .ci/c.py a.py");
    assert_eq!(found(&["a.py", ".ci/"], &["a.py", ".b.py", ".ci", ".ci/c.py"]), ".b.py");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_left_out_of_a_list_and_refused_alone() {
    let folder = Folder::new(&[("a.py", b"")]);
    std::os::unix::fs::symlink("nowhere", folder.0.path().join("dangling.py")).unwrap();
    let found = folder.among("", &["a.py", "dangling.py"], &DiscoverOptions::default());
    assert_eq!((paths(&found), reasons(&found)), (vec!["a.py"], vec![("dangling.py", "symlink")]));
    let alone = Inputs::among(folder.0.path(), ["dangling.py".into()]);
    assert!(matches!(discover(alone, &DiscoverOptions::default()), Err(SourceError::Root { .. })));
}

#[test]
fn a_text_without_a_file_is_found_under_its_name() {
    let folder = Folder::new(&[]);
    let text = |name: &str, options: &DiscoverOptions| {
        discover(Inputs::text(folder.0.path(), Path::new(name), b"x = 1\n".to_vec()), options).unwrap()
    };
    let usual = DiscoverOptions::default();
    let found = text("src/new.py", &usual);
    assert_eq!((&*found.files[0].path, found.files[0].language), ("src/new.py", Language::Python));
    assert_eq!(crate::load(&found.files[0], &usual).unwrap().text(), "x = 1\n");
    assert_eq!(reasons(&text("-", &usual)), [("-", "unknown-language")]);
    let small = DiscoverOptions { max_bytes: 3, ..DiscoverOptions::default() };
    assert_eq!(reasons(&text("a.py", &small)), [("a.py", "too-large")]);
}

#[test]
fn what_is_too_large_and_no_text_is_binary() {
    let image = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &[0; 200]].concat();
    let folder = Folder::new(&[("image.png", &image), ("large.txt", &[b'x'; 200])]);
    let options = DiscoverOptions { max_bytes: 100, every_text: true, ..DiscoverOptions::default() };
    assert_eq!(reasons(&folder.discover(&options)), [("image.png", "binary"), ("large.txt", "too-large")]);
}

#[test]
fn globs_include_and_exclude() {
    let folder = Folder::new(&[
        (".gitignore", b"no.py\n"),
        ("no.py", b""),
        ("a.py", b""),
        ("a.rs", b""),
        ("src/b.py", b""),
        ("src/c.rs", b""),
        ("tests/d.py", b""),
    ]);
    let globs = |include: &[&str], exclude: &[&str]| {
        let strings = |globs: &[&str]| globs.iter().map(ToString::to_string).collect();
        let found = folder.discover(&DiscoverOptions {
            include: strings(include),
            exclude: strings(exclude),
            ..DiscoverOptions::default()
        });
        paths(&found).join(" ")
    };
    assert_eq!(globs(&["*.py"], &[]), "a.py src/b.py tests/d.py");
    assert_eq!(globs(&["src/"], &[]), "src/b.py src/c.rs");
    assert_eq!(globs(&["src/**/*.rs", "/a.py"], &[]), "a.py src/c.rs");
    assert_eq!(globs(&[], &["tests", "*.rs"]), "a.py src/b.py");
    assert_eq!(globs(&["*.py"], &["src/"]), "a.py tests/d.py");
}

#[test]
fn globs_that_mean_something_else_are_refused() {
    for glob in ["!a.py", "#a", " ", "[z-a]", "{a"] {
        let options = DiscoverOptions { include: vec![glob.into()], ..DiscoverOptions::default() };
        let error = discover(Path::new("."), &options).unwrap_err();
        assert!(matches!(&error, SourceError::Glob { option: "include", .. }), "{glob:?}: {error}");
    }
}

#[test]
fn everything_left_out_has_its_reason() {
    let folder = Folder::new(&[
        ("big.py", &[b'#'; 101]),
        ("fits.py", &[b'#'; 100]),
        ("notes.md", b"# hi"),
        ("run", b"#!/bin/sh\n"),
    ]);
    let options = DiscoverOptions { max_bytes: 100, ..DiscoverOptions::default() };
    let found = folder.discover(&options);
    assert_eq!(paths(&found), ["fits.py"]);
    assert_eq!(
        reasons(&found),
        [("big.py", "too-large"), ("notes.md", "unknown-language"), ("run", "unknown-language")]
    );
    assert_eq!(found.skipped[0].reason, SkipReason::TooLarge { bytes: 101, limit: 100 });
}

#[test]
fn all_files_keeps_unknown_languages_as_text() {
    let folder = Folder::new(&[("notes.md", b"# hi"), ("run", b"#!/usr/bin/env python3\n")]);
    let found = folder.discover(&DiscoverOptions { all_files: true, ..DiscoverOptions::default() });
    let languages: Vec<_> = found.files.iter().map(|file| file.language).collect();
    assert_eq!(paths(&found), ["notes.md", "run"]);
    assert_eq!(languages, [Language::Text, Language::Python]);
    assert!(found.skipped.is_empty());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_a_loop_ends() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("a.py", b""), ("sub/b.py", b"")]);
    let root = folder.0.path();
    symlink(root, root.join("sub/loop")).unwrap();
    symlink(root.join("a.py"), root.join("link.py")).unwrap();
    symlink("nowhere", root.join("dangling.py")).unwrap();
    let found = folder.discover(&DiscoverOptions::default());
    assert_eq!(paths(&found), ["a.py", "sub/b.py"]);
    assert_eq!(
        reasons(&found),
        [("dangling.py", "symlink"), ("link.py", "symlink"), ("sub/loop", "symlink")]
    );
}

#[cfg(unix)]
#[test]
fn a_root_that_is_a_link_is_walked() {
    let folder = Folder::new(&[("real/a.py", b"")]);
    let link = folder.0.path().join("link");
    std::os::unix::fs::symlink(folder.0.path().join("real"), &link).unwrap();
    assert_eq!(paths(&discover(&link, &DiscoverOptions::default()).unwrap()), ["a.py"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_utf8_is_named_escaped() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new(&[("a.py", b"")]);
    let name = std::ffi::OsStr::from_bytes(b"b\xff.py");
    fs::write(folder.0.path().join(name), "").unwrap();
    let found = folder.discover(&DiscoverOptions::default());
    assert_eq!(paths(&found), ["a.py"]);
    assert_eq!(reasons(&found), [("b\\xff.py", "non-utf8-path")]);
}

#[cfg(unix)]
#[test]
fn a_socket_is_special_and_never_opened() {
    let folder = Folder::new(&[("a.py", b"")]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.0.path().join("s.py")).unwrap();
    assert_eq!(reasons(&folder.discover(&DiscoverOptions::default())), [("s.py", "special")]);
}

#[test]
fn a_single_file_is_its_own_root() {
    let folder = Folder::new(&[(".gitignore", b"a.py\n"), ("a.py", b"x = 1\n")]);
    let found = discover(&folder.0.path().join("a.py"), &DiscoverOptions::default()).unwrap();
    assert_eq!(paths(&found), ["a.py"]);
    assert_eq!((found.files[0].bytes, found.files[0].language), (6, Language::Python));
}

#[test]
fn a_missing_root_says_which_path_and_what_to_do() {
    let error = discover(Path::new("no/such/folder"), &DiscoverOptions::default()).unwrap_err().whole();
    assert!(error.contains("no/such/folder") && error.contains("give the path"), "{error}");
}

#[test]
fn a_size_limit_out_of_range_is_refused() {
    for max_bytes in [0, MAX_BYTES_CEILING + 1] {
        let options = DiscoverOptions { max_bytes, ..DiscoverOptions::default() };
        assert!(matches!(discover(Path::new("."), &options), Err(SourceError::MaxBytes { .. })));
    }
}

#[test]
fn a_line_of_an_ignore_file_that_is_no_pattern_is_told() {
    let folder = Folder::new(&[(".gitignore", b"[z-a]\nb.py\n"), ("a.py", b""), ("b.py", b"")]);
    let found = folder.discover(&DiscoverOptions::default());
    assert_eq!(paths(&found), ["a.py"]);
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    assert!(found.warnings[0].contains(".gitignore"));
}
