//! The files to analyze: paths, lists of paths, or standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use codetune_core::files;
use codetune_core::source::{Inputs, PathListError, path_list};

use crate::exit::Exit;
use crate::failure::Failure;
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
    pub fn inputs(&self, current: &Path, max_bytes: u64) -> Result<Inputs, Failure> {
        let from_stdin = self.paths.iter().any(|path| path.as_os_str() == STDIN);
        if from_stdin || self.stdin_filename.is_some() {
            let alone = self.paths.len() == usize::from(from_stdin) && self.files_from.is_none();
            if !alone {
                return Err(Failure::usage("standard input cannot be combined with other paths")
                    .help("remove the other paths, or remove - and --stdin-filename"));
            }
            let name = self.stdin_filename.as_deref().unwrap_or(Path::new(STDIN));
            if name.file_name().is_none() {
                return Err(Failure::usage(format!(
                    "--stdin-filename {} is not a file name",
                    name.display()
                ))
                .help("for example: --stdin-filename src/main.rs"));
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
fn text(max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let read = io::stdin().lock().take(max_bytes.saturating_add(1)).read_to_end(&mut content);
    read.map_err(|error| Failure::file("read", Path::new("standard input"), &error))?;
    match content.len() as u64 > max_bytes {
        true => {
            Err(Failure::new(Exit::Storage, format!("standard input is larger than {}", bytes(max_bytes)))
                .help("raise the limit with --max-bytes"))
        }
        false => Ok(content),
    }
}

/// The maximum size of a list of paths, which is enough for about ten million.
const MOST_LISTED: u64 = 1 << 30;

/// Reads a list of paths.
fn listed(list: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut content = Vec::new();
    match list.as_os_str() == STDIN {
        true => io::stdin().lock().take(MOST_LISTED + 1).read_to_end(&mut content).map(drop),
        false => files::read_given(list, MOST_LISTED).map(|bytes| content = bytes),
    }
    .map_err(|error| Failure::file("read the list", list, &error))?;
    if content.len() as u64 > MOST_LISTED {
        return Err(Failure::usage(format!("the list of paths is larger than {}", bytes(MOST_LISTED)))
            .help("pass a directory, or split the list"));
    }
    path_list(&content).map_err(|error| match error {
        PathListError::Quoted { path } => {
            Failure::usage(format!("there is no file {}, which git has quoted", path.display()))
                .help("separate the paths with NUL, for example with `git ls-files -z`")
        }
        PathListError::NotUtf8 { .. } => Failure::usage(format!("{}: {error}", list.display())),
    })
}
