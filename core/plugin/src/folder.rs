//! Plugin directories.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file in a plugin directory that is ignored, although its name or type suggests a plugin.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PassedOver {
    /// Its path.
    pub path: PathBuf,
    /// Why it is ignored, with a remedy.
    pub reason: String,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ignoring {}: {}", self.path.display(), self.reason)
    }
}

/// The plugin files in a directory and the ignored files, sorted by name.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn list(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<PassedOver>)> {
    let mut paths = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    let (mut files, mut passed_over) = (Vec::new(), Vec::new());
    for path in paths {
        match reason(&path) {
            None if is_plugin(&path) => files.push(path),
            None => {}
            Some(reason) => passed_over.push(PassedOver { path, reason }),
        }
    }
    Ok((files, passed_over))
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

fn is_plugin(path: &Path) -> bool {
    ["wasm", std::env::consts::DLL_EXTENSION].contains(&extension(path))
}

/// Why a file is ignored, unless that is obvious from its name.
fn reason(path: &Path) -> Option<String> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            return Some("it is a broken symbolic link: fix or remove it".into());
        }
        // Errors of plugin files are reported when they are read.
        Err(error) => return (!is_plugin(path)).then(|| format!("it cannot be read: {error}")),
    };
    if metadata.is_dir() {
        return Some(
            "it is a directory, and plugins are not searched recursively: pass it to --plugins".into(),
        );
    }
    if is_plugin(path) {
        return (!metadata.is_file()).then(|| "it is not a regular file".into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let wanted = ["wasm", std::env::consts::DLL_EXTENSION].into_iter().find(|wanted| {
        // `.WASM`, and versions such as `.so.1.2`.
        let version =
            |rest: &str| rest.starts_with('.') && rest.bytes().all(|b| b == b'.' || b.is_ascii_digit());
        let lower = name.to_ascii_lowercase();
        lower.rfind(&format!(".{wanted}")).is_some_and(|at| {
            let rest = lower.get(at + 1 + wanted.len()..).unwrap_or_default();
            rest.is_empty() || version(rest)
        })
    });
    if let Some(wanted) = wanted {
        return Some(format!("the name of a plugin must end in .{wanted}: rename it"));
    }
    let foreign = ["so", "dylib", "dll"].contains(&extension(path));
    foreign.then(|| {
        format!(
            "it is named like a library for another system, and this one's end in .{}: get it for this system, or as a \
             component",
            std::env::consts::DLL_EXTENSION
        )
    })
}
