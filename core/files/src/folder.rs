use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{folder_of, synchronise};

/// Work in progress starts with this; what is left of a killed process can be deleted.
pub const UNFINISHED: &str = ".unfinished-";

/// Lets `write` fill an empty folder, puts that at `target` in place of what was there, and gives what `write`
/// gave. A link at `target` stays, and the folder that it leads to is replaced.
///
/// What is replaced is a former state of the same folder: an entry of it that is neither written again nor among the
/// `obsolete` ones is someone else's, and nothing is replaced then.
///
/// Files and folders are synchronised before the rename, so that after a crash `target` is either as before,
/// or complete, or, between two renames, away with both in the unfinished folder beside it.
///
/// # Errors
/// Outside what the system said, or which entry would have been lost, inside what `write` said; what was at `target` is
/// then as before.
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
        // Where it could not be put back, the only copy of what was there must outlive this call.
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

/// Moves `new` to `target`; what was there is moved to `old` before, and back where that fails.
fn exchange(new: &Path, target: &Path, old: &Path) -> io::Result<()> {
    let replaces = fs::symlink_metadata(target).is_ok();
    if replaces {
        fs::rename(target, old)?;
    }
    fs::rename(new, target).map_err(|error| match replaces && fs::rename(old, target).is_err() {
        true => io::Error::new(error.kind(), format!("{error}; what was there is now {}", old.display())),
        false => error,
    })
}

fn synchronise_within(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            synchronise_within(&path)?;
        } else {
            // Windows synchronises only what is open for writing.
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
