//! The files to analyze: paths, lists of paths, or standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use codetune_core::files;
use codetune_core::source::{Inputs, path_list};

use crate::command_error::CommandError;
use crate::terminal::format::bytes;

/// The path of standard input.
const STDIN: &str = "-";

/// Files to analyze.
#[derive(Debug, Clone, clap::Args)]
pub struct Sources {
    /// Files and directories to analyze; - reads a file from standard input.
    #[arg(value_name = "PATH", required_unless_present_any = ["files_from", "stdin_filename"])]
    paths: Vec<PathBuf>,
    /// Also analyze the paths listed in this file, separated by newlines or NULs; - reads from standard input.
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Analyze standard input as if it were this file.
    #[arg(long, value_name = "NAME", conflicts_with = "files_from")]
    stdin_filename: Option<PathBuf>,
}

impl Sources {
    /// Converts the options for the core, with paths relative to `current`.
    ///
    /// # Errors
    /// Standard input is used twice, or a list or standard input cannot be read.
    pub fn inputs(&self, current: &Path, max_bytes: u64) -> Result<Inputs, CommandError> {
        let from_stdin = self.paths.iter().any(|path| path.as_os_str() == STDIN);
        if from_stdin || self.stdin_filename.is_some() {
            let alone = self.paths.len() == usize::from(from_stdin) && self.files_from.is_none();
            if !alone {
                return Err(CommandError::StdinCombined);
            }
            let name = self.stdin_filename.as_deref().unwrap_or(Path::new(STDIN));
            if name.file_name().is_none() {
                return Err(CommandError::StdinName { name: name.to_owned() });
            }
            return Ok(Inputs::text(current, name, text(max_bytes)?));
        }
        let mut paths = self.paths.clone();
        if let Some(list) = &self.files_from {
            paths.extend(listed(list)?);
        }
        Ok(Inputs::among(current, paths))
    }
}

/// Reads standard input.
fn text(max_bytes: u64) -> Result<Vec<u8>, CommandError> {
    let mut content = Vec::new();
    let read = io::stdin().lock().take(max_bytes.saturating_add(1)).read_to_end(&mut content);
    read.map_err(CommandError::file("read", Path::new("standard input")))?;
    match content.len() as u64 > max_bytes {
        true => Err(CommandError::StdinSize { limit: bytes(max_bytes) }),
        false => Ok(content),
    }
}

/// The maximum size of a list of paths, which is enough for about ten million.
const MOST_LISTED: u64 = 1 << 30;

/// Reads a list of paths.
fn listed(list: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let mut content = Vec::new();
    match list.as_os_str() == STDIN {
        true => io::stdin().lock().take(MOST_LISTED + 1).read_to_end(&mut content).map(drop),
        false => files::read_given(list, MOST_LISTED).map(|bytes| content = bytes),
    }
    .map_err(CommandError::file("read the list", list))?;
    if content.len() as u64 > MOST_LISTED {
        return Err(CommandError::ListSize { limit: bytes(MOST_LISTED) });
    }
    path_list(&content).map_err(|source| CommandError::List { list: list.to_owned(), source })
}
