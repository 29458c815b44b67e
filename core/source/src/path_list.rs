//! Lists of paths, as tools write and read them.

use std::ffi::OsString;
use std::path::PathBuf;

/// A path in a list is not Unicode, on a platform where paths must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("path {number} is not UTF-8")]
pub struct PathListError {
    /// The number of the path, from 1.
    pub number: usize,
}

/// The paths of a list separated by line ends, or by NULs if there are any, as in `git diff --name-only` with or
/// without `-z`. Empty ones are skipped. Line ends may be CRLF.
///
/// # Errors
/// [`PathListError`], except on Unix, where a path can be any bytes.
pub fn path_list(content: &[u8]) -> Result<Vec<PathBuf>, PathListError> {
    let end = if content.contains(&0) { 0 } else { b'\n' };
    let paths = content.split(|byte| *byte == end);
    let paths = paths.map(|path| if end == 0 { path } else { path.strip_suffix(b"\r").unwrap_or(path) });
    let paths = paths.filter(|path| !path.is_empty()).enumerate();
    paths.map(|(index, path)| os_string(path, index + 1).map(PathBuf::from)).collect()
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "on other platforms, paths must be Unicode")]
fn os_string(path: &[u8], _number: usize) -> Result<OsString, PathListError> {
    use std::os::unix::ffi::OsStringExt;
    Ok(OsString::from_vec(path.to_vec()))
}

#[cfg(not(unix))]
fn os_string(path: &[u8], number: usize) -> Result<OsString, PathListError> {
    String::from_utf8(path.to_vec()).map(OsString::from).map_err(|_| PathListError { number })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn lines_end_with_line_feeds_or_nuls() {
        let list = |content: &str| path_list(content.as_bytes()).unwrap();
        assert_eq!(list(""), Vec::<PathBuf>::new());
        assert_eq!(list("a.rs\n\nb c.py\r\n"), [Path::new("a.rs"), Path::new("b c.py")]);
        assert_eq!(list("a\nb\0c\r\0\0"), [Path::new("a\nb"), Path::new("c\r")]);
    }

    #[cfg(unix)]
    #[test]
    fn paths_can_be_any_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let paths = path_list(b"\xff.rs\n").unwrap();
        assert_eq!(paths[0].as_os_str().as_bytes(), b"\xff.rs");
    }
}
