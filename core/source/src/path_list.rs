//! Lists of paths, as tools write and read them.

use std::ffi::OsString;
use std::path::PathBuf;

use codetune_validate::Blame;

/// Why a list of paths was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum PathListError {
    /// A path is not UTF-8, on a platform where paths must be.
    #[error("path {number} is not UTF-8")]
    #[diagnostic(code(source::path_list::not_utf8), help("rename the file, or leave it out of the list"))]
    NotUtf8 {
        /// The number of the path, from 1.
        number: usize,
    },
    /// A line is in double quotes, as git writes `"a\303\244.rs"` for `aä.rs`, and no file has that name.
    #[error("there is no file {}, which git has quoted", path.display())]
    #[diagnostic(
        code(source::path_list::quoted),
        help("separate the paths with NUL, for example with `git ls-files -z`")
    )]
    Quoted {
        /// The line as a path.
        path: PathBuf,
    },
}

impl PathListError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        Blame::Input
    }
}

/// The paths of a list separated by line ends, or by NULs if there are any, as in `git diff --name-only` with or
/// without `-z`. Empty ones are skipped. Line ends may be CRLF.
///
/// # Errors
/// [`PathListError`].
pub fn path_list(content: &[u8]) -> Result<Vec<PathBuf>, PathListError> {
    let end = if content.contains(&0) { 0 } else { b'\n' };
    let lines = content.split(|byte| *byte == end);
    let lines = lines.map(|line| if end == 0 { line } else { line.strip_suffix(b"\r").unwrap_or(line) });
    let lines = lines.filter(|line| !line.is_empty()).enumerate();
    let paths = lines.map(|(index, line)| {
        let path = PathBuf::from(os_string(line, index + 1)?);
        let quoted = end == b'\n' && line.len() > 1 && line.starts_with(b"\"") && line.ends_with(b"\"");
        match quoted && path.symlink_metadata().is_err() {
            true => Err(PathListError::Quoted { path }),
            false => Ok(path),
        }
    });
    paths.collect()
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "on other platforms, paths must be UTF-8")]
fn os_string(path: &[u8], _number: usize) -> Result<OsString, PathListError> {
    use std::os::unix::ffi::OsStringExt;
    Ok(OsString::from_vec(path.to_vec()))
}

#[cfg(not(unix))]
fn os_string(path: &[u8], number: usize) -> Result<OsString, PathListError> {
    String::from_utf8(path.to_vec()).map(OsString::from).map_err(|_| PathListError::NotUtf8 { number })
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

    #[test]
    fn a_path_that_git_has_quoted_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let quoted = format!("\"{}/a\\303\\244.rs\"", folder.path().display());
        assert_eq!(path_list(quoted.as_bytes()), Err(PathListError::Quoted { path: quoted.clone().into() }));
        // With NULs, nothing is quoted.
        assert_eq!(path_list(format!("{quoted}\0").as_bytes()).unwrap(), [Path::new(&quoted)]);
    }
}
