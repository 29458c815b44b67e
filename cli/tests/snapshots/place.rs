//! A directory of its own for a test, and a shell in it.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::redactions::Redactions;

/// A temporary directory with home, cache and files.
pub struct Place {
    folder: Folder,
    redactions: Redactions,
}

impl std::ops::Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Place {
    pub fn new() -> Self {
        let folder = Folder::new();
        let redactions = Redactions::of(folder.root());
        Place { folder, redactions }
    }

    /// Runs a command of a shell and returns everything that it prints, in order, and its exit code.
    ///
    /// Neither the variables nor the terminal of the tester reach the program.
    pub fn shell(&self, command: &str) -> (String, i32) {
        let program = Path::new(env!("CARGO_BIN_EXE_codetune")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(program.to_owned()).chain(std::env::split_paths(&path));
        let (mut read, write) = std::io::pipe().unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.root()).env_clear();
        shell.env("PATH", std::env::join_paths(path).unwrap());
        // Where the program counts what the tests cover, which goes beside its files otherwise.
        if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
            shell.env("LLVM_PROFILE_FILE", profile);
        }
        shell.env("HOME", self.root()).env("COLUMNS", "100").env("LC_ALL", "C");
        shell.env("CODETUNE_HOME", self.path(".home")).env("CODETUNE_CACHE", self.path(".cache"));
        shell.stdin(Stdio::null()).stderr(write.try_clone().unwrap()).stdout(write);
        let mut child = shell.spawn().unwrap();
        // The pipe ends when the shell and this command have closed it.
        drop(shell);
        let mut output = Vec::new();
        read.read_to_end(&mut output).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        let output = String::from_utf8(output).unwrap();
        assert!(!output.contains("panicked at"), "{command}: {output}");
        (self.redactions.apply(&output), code)
    }
}
