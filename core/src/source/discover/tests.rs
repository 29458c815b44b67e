use std::fs;

use super::*;

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
fn hidden_files_are_looked_at_only_on_request() {
    let folder = Folder::new(&[(".hidden.py", b""), (".git/hook.py", b""), (".ci/a.py", b""), ("a.py", b"")]);
    assert_eq!(paths(&folder.discover(&DiscoverOptions::default())), ["a.py"]);
    let all = folder.discover(&DiscoverOptions { hidden: true, ..DiscoverOptions::default() });
    assert_eq!(paths(&all), [".ci/a.py", ".hidden.py", "a.py"]);
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
    let error = discover(Path::new("no/such/folder"), &DiscoverOptions::default()).unwrap_err().to_string();
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

#[test]
fn options_refuse_unknown_keys() {
    assert!(serde_json::from_str::<DiscoverOptions>(r#"{"max_bytes": 10}"#).is_ok());
    assert!(serde_json::from_str::<DiscoverOptions>(r#"{"max_byte": 10}"#).is_err());
}
