use std::fmt;
use std::str::FromStr;

/// How a plugin is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// Linked into this program.
    Builtin,
    /// A native dynamic library: runs with the host's own rights.
    Native,
    /// A WASM component in a sandbox.
    Wasm,
}

impl Runtime {
    /// Every runtime.
    pub const ALL: [Runtime; 3] = [Runtime::Builtin, Runtime::Native, Runtime::Wasm];

    /// The name as it is written in run files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Runtime::Builtin => "builtin",
            Runtime::Native => "native",
            Runtime::Wasm => "wasm",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no runtime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("no runtime `{given}`: write builtin, native or wasm")]
#[diagnostic(code(plugin::runtime))]
pub struct UnknownRuntime {
    /// The text.
    pub given: String,
}

impl FromStr for Runtime {
    type Err = UnknownRuntime;

    fn from_str(text: &str) -> Result<Self, UnknownRuntime> {
        let found = Runtime::ALL.into_iter().find(|runtime| runtime.as_str() == text);
        found.ok_or_else(|| UnknownRuntime { given: text.to_owned() })
    }
}
