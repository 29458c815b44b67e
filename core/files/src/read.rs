use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The most bytes of a file of settings, such as a `config.json` or a run file: a thousand times those of the longest in
/// use.
pub const SETTINGS: u64 = 16 << 20;

/// Opens a regular file. A pipe in its place would be waited for without end, and a device may give bytes without end.
///
/// # Errors
/// What the system said, or [`ErrorKind::InvalidInput`] for what is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    // What was a file when it was looked at may be a pipe when it is opened.
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a directory"));
    }
    match metadata.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// Reads a regular file of at most `most` bytes. It is for files that are found by their names in a folder; what a
/// person names may be a pipe, for which there is [`read_given`].
///
/// # Errors
/// As [`open`], and [`ErrorKind::FileTooLarge`] for a larger one, of which nothing is read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_large(Some(length), most));
    }
    up_to(file, length, most)
}

/// Reads a regular file of at most `most` bytes that holds text.
///
/// # Errors
/// As [`read`], and [`ErrorKind::InvalidData`] for what is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    text(read(path, most)?)
}

/// Reads what a person named, of at most `most` bytes: a file, or a pipe as shells make of `<(command)`.
///
/// # Errors
/// What the system said, and [`ErrorKind::FileTooLarge`] where there is more, of which no more is read.
pub fn read_given(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.len() > most {
        return Err(too_large(Some(metadata.len()), most));
    }
    up_to(file, metadata.len(), most)
}

/// Reads text that a person named; see [`read_given`].
///
/// # Errors
/// As [`read_given`], and [`ErrorKind::InvalidData`] for what is not UTF-8.
pub fn read_given_text(path: &Path, most: u64) -> io::Result<String> {
    text(read_given(path, most)?)
}

fn up_to(file: File, expected: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A file that is larger than memory is an error, and no end of the process.
    bytes.try_reserve_exact(usize::try_from(expected.min(most)).unwrap_or(usize::MAX))?;
    // One byte more than the limit tells a file that grows from one that just fits.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(too_large(None, most)),
        false => Ok(bytes),
    }
}

fn too_large(length: Option<u64>, most: u64) -> io::Error {
    let told = match length {
        Some(length) => format!("it has {length} bytes, and the limit is {most}"),
        None => format!("it has more than {most} bytes, the limit"),
    };
    io::Error::new(ErrorKind::FileTooLarge, told)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(ErrorKind::InvalidData, format!("it is not UTF-8 text, from byte {at} on"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_a_byte_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "four").unwrap();
        for read in [read, read_given] {
            assert_eq!(read(&path, 4).unwrap(), b"four");
            assert_eq!(kind(read(&path, 3)), ErrorKind::FileTooLarge);
            assert_eq!(kind(read(&folder.path().join("none"), 3)), ErrorKind::NotFound);
        }
        assert_eq!(read_text(&path, u64::MAX).unwrap(), "four");
        std::fs::write(&path, b"ok\xff").unwrap();
        for read in [read_text, read_given_text] {
            let error = read(&path, 9).unwrap_err().to_string();
            assert_eq!(error, "it is not UTF-8 text, from byte 2 on");
        }
    }

    #[test]
    fn nothing_is_read_of_a_file_that_is_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        for read in [read, read_given] {
            let error = read(&path, SETTINGS).unwrap_err().to_string();
            assert_eq!(error, "it has 1099511627776 bytes, and the limit is 16777216");
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_gives_bytes_without_end_is_no_file_and_is_never_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        assert_eq!(kind(read(&link, SETTINGS)), ErrorKind::InvalidInput);
        assert_eq!(kind(read_given(&link, 1 << 10)), ErrorKind::FileTooLarge);
        assert_eq!(kind(read(folder.path(), SETTINGS)), ErrorKind::IsADirectory);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_is_not_waited_for_unless_a_person_named_it() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(kind(read(&pipe, SETTINGS)), ErrorKind::InvalidInput);
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || File::options().write(true).open(pipe).unwrap().write_all(b"given").unwrap()
        });
        assert_eq!(read_given(&pipe, SETTINGS).unwrap(), b"given");
        writer.join().unwrap();
    }
}
