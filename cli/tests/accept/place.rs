use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::told::told;

/// How long a call may take before the test says that it never ends; not a measure of speed.
const LIMIT: Duration = Duration::from_secs(60);

/// A place of its own for a test: home, cache and files.
pub struct Place {
    folder: Folder,
    calls: std::cell::Cell<u32>,
}

/// What a call came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A call that is under way.
pub struct Running {
    pub child: Child,
    outputs: [PathBuf; 2],
}

impl std::ops::Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Place {
    pub fn new() -> Self {
        Place { folder: Folder::new(), calls: std::cell::Cell::new(0) }
    }

    /// Cuts a file to its first half.
    pub fn halve(&self, name: &str) {
        let bytes = std::fs::read(self.path(name)).unwrap();
        self.write(name, &bytes[..bytes.len() / 2]);
    }

    /// The content of every file, without what is kept to be fast and the outputs of the calls.
    pub fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        gather(self.root(), &mut contents);
        contents
    }

    /// Starts a call.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut program = Command::new(env!("CARGO_BIN_EXE_codetune"));
        program.args(arguments);
        self.spawn(program)
    }

    /// Starts a call by a line of a shell, which has the program in `$0` and its arguments in `$@`.
    pub fn start_by(&self, line: &str, arguments: &[&str]) -> Running {
        let mut shell = Command::new("bash");
        shell.args(["-c", line, env!("CARGO_BIN_EXE_codetune")]).args(arguments);
        self.spawn(shell)
    }

    fn spawn(&self, mut command: Command) -> Running {
        let call = self.calls.replace(self.calls.get() + 1);
        let outputs = ["out", "err"].map(|stream| self.path(&format!(".call-{call}-{stream}")));
        let [out, err] = outputs.each_ref().map(|path| Stdio::from(File::create(path).unwrap()));
        let child = command
            .current_dir(self.root())
            .env("CODETUNE_HOME", self.path("home"))
            .env("CODETUNE_CACHE", self.path(".cache"))
            .env_remove("CODETUNE_DATABASE")
            .env_remove("CODETUNE_LOG")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap();
        Running { child, outputs }
    }

    /// Runs a call to its end, which has to come.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).end_within(LIMIT)
    }

    /// Runs a call that is to be refused: with this exit code, one error, and these texts in this order.
    pub fn refused(&self, arguments: &[&str], code: i32, expected: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert_eq!(ran.err.matches("error: ").count(), 1, "{arguments:?}: {}", ran.err);
        ran.says(expected);
        ran
    }
}

fn gather(folder: &Path, contents: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == ".cache" || name.starts_with(".call-") {
            continue;
        }
        match path.is_dir() {
            true => gather(&path, contents),
            false => drop(contents.insert(path.clone(), std::fs::read(&path).unwrap())),
        }
    }
}

impl Running {
    /// Waits for the end; a call that takes longer is killed and fails the test.
    pub fn end_within(mut self, limit: Duration) -> Ran {
        let started = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if started.elapsed() > limit => {
                    self.child.kill().unwrap();
                    self.child.wait().unwrap();
                    panic!(
                        "it did not end within {limit:?}: {:?}",
                        self.outputs.map(std::fs::read_to_string)
                    );
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let [out, err] = self.outputs.map(|path| String::from_utf8(std::fs::read(path).unwrap()).unwrap());
        Ran { code: status.code(), out, err: told(&err) }
    }
}

impl Ran {
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Stderr has these texts in this order, and nothing of our insides.
    pub fn says(&self, expected: &[&str]) {
        let mut rest = self.err.as_str();
        for text in expected {
            let at = rest.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{}", self.err));
            rest = &rest[at + text.len()..];
        }
        for never in ["panicked", "internal error in codetune", "Some(", "Os {", "RUST_BACKTRACE"] {
            assert!(!self.err.contains(never), "`{never}` in\n{}", self.err);
        }
    }
}
