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

impl FromStr for Runtime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Runtime::ALL.into_iter().find(|runtime| runtime.as_str() == text);
        found.ok_or_else(|| format!("no runtime `{text}`: write builtin, native or wasm"))
    }
}
