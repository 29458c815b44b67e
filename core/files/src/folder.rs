use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::parent::{folder_of, synchronise};

/// Prefix of unfinished directories; those of a killed process can be deleted.
pub const UNFINISHED: &str = ".unfinished-";

/// Replaces the directory `target` atomically: `write` fills an empty directory, which is then renamed. Returns the
/// result of `write`. If `target` is a symbolic link, the directory that it points to is replaced.
///
/// The existing directory must be a former version: if it has an entry that is neither written again nor `obsolete`, it
/// belongs to someone else, and nothing is replaced.
///
/// Files and directories are synced before the rename. After a crash, `target` is unchanged, complete or, between two
/// renames, absent with both versions in the unfinished directory beside it.
///
/// # Errors
/// The outer error is that of the operating system, or names the entry that would be lost; the inner one is that of
/// `write`. `target` is then unchanged.
pub fn publish<T, E>(
    target: &Path,
    obsolete: &[&str],
    write: impl FnOnce(&Path) -> Result<T, E>,
) -> io::Result<Result<T, E>> {
    let linked = fs::symlink_metadata(target).is_ok_and(|there| there.is_symlink());
    let target = &if linked { fs::canonicalize(target)? } else { target.to_owned() };
    let parent = folder_of(target);
    fs::create_dir_all(parent)?;
    let mut work = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(parent)?;
    let (new, old) = (work.path().join("new"), work.path().join("old"));
    fs::create_dir(&new)?;
    let written = match write(&new) {
        Ok(written) => written,
        Err(error) => return Ok(Err(error)),
    };
    synchronise_within(&new)?;
    let is_known = |name: &OsStr| obsolete.iter().any(|known| *known == name) || new.join(name).exists();
    if let Some(entry) = stranger(target, is_known)? {
        let entry = Path::new(&entry).display();
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("{entry} in it is none of what is written and would be lost: move it away"),
        ));
    }
    if let Err(error) = exchange(&new, target, &old) {
        // If it could not be moved back, the only copy must outlive this call.
        work.disable_cleanup(fs::symlink_metadata(&old).is_ok());
        return Err(error);
    }
    synchronise(parent)?;
    Ok(Ok(written))
}

/// The first entry of a folder, by name, that is not known; none where there is no folder.
///
/// # Errors
/// What the system said.
pub fn stranger(folder: &Path, is_known: impl Fn(&OsStr) -> bool) -> io::Result<Option<OsString>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut strangers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if !is_known(&name) {
            strangers.push(name);
        }
    }
    Ok(strangers.into_iter().min())
}

/// Moves `new` to `target`, after moving the existing target to `old`; moves it back if that fails.
fn exchange(new: &Path, target: &Path, old: &Path) -> io::Result<()> {
    let replaces = fs::symlink_metadata(target).is_ok();
    if replaces {
        fs::rename(target, old)?;
    }
    fs::rename(new, target).map_err(|error| match replaces && fs::rename(old, target).is_err() {
        true => io::Error::new(
            error.kind(),
            format!("{error}; the previous contents are now in {}", old.display()),
        ),
        false => error,
    })
}

fn synchronise_within(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            synchronise_within(&path)?;
        } else {
            // Windows can only sync files that are open for writing.
            File::options().read(true).write(cfg!(not(unix))).open(&path)?.sync_all()?;
        }
    }
    synchronise(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_published_folder_replaces_what_was_there_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/er/set");
        for name in ["first", "second"] {
            let write = |new: &Path| -> io::Result<usize> {
                fs::create_dir(new.join("inner"))?;
                fs::write(new.join("inner").join(name), name)?;
                Ok(name.len())
            };
            assert_eq!(publish(&target, &[], write).unwrap().unwrap(), name.len());
            assert_eq!(names(&target.join("inner")), [name]);
        }
        assert_eq!(names(&folder.path().join("deep/er")), ["set"]);
    }

    #[test]
    fn old_content_survives_a_writer_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("set");
        publish(&target, &[], |new| fs::write(new.join("file"), "old")).unwrap().unwrap();
        let failed: Result<(), &str> = publish(&target, &[], |new| {
            fs::write(new.join("file"), "half of the n").unwrap();
            Err("the disk is full")
        })
        .unwrap();
        assert_eq!(failed, Err("the disk is full"));
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "old");
        assert_eq!(names(folder.path()), ["set"]);
    }

    #[test]
    fn what_others_put_there_is_never_lost() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("set");
        let write = |content: &'static str| move |new: &Path| fs::write(new.join("file"), content);
        publish(&target, &[], |new| {
            fs::write(new.join("former"), "").and_then(|()| fs::write(new.join("file"), "old"))
        })
        .unwrap()
        .unwrap();
        publish(&target, &["former"], write("new")).unwrap().unwrap();
        assert_eq!(names(&target), ["file"]);
        fs::create_dir(target.join("notes")).unwrap();
        let error = publish(&target, &["former"], write("newer")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("notes in it is none of what is written"), "{error}");
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "new");
        assert_eq!((names(&target).len(), names(folder.path()).len()), (2, 1));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [there, link] = ["there", "link"].map(|name| folder.path().join(name));
        fs::create_dir(&there).unwrap();
        std::os::unix::fs::symlink(&there, &link).unwrap();
        publish(&link, &[], |new| fs::write(new.join("file"), "new")).unwrap().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(&there), ["file"]);
    }

    #[test]
    fn old_content_survives_a_new_folder_that_cannot_take_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let [new, target, old] = ["missing", "set", "old"].map(|name| folder.path().join(name));
        publish(&target, &[], |new| fs::write(new.join("file"), "old")).unwrap().unwrap();
        let error = exchange(&new, &target, &old).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "old");
        assert_eq!(names(folder.path()), ["set"]);
    }
}
