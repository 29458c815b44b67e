use std::fmt;
use std::str::FromStr;

/// How a plugin is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// Linked into this program.
    Builtin,
    /// A native dynamic library: runs with the host's own rights.
    Native,
    /// A WASM component in a sandbox.
    Wasm,
}

impl Carrier {
    /// Every carrier.
    pub const ALL: [Carrier; 3] = [Carrier::Builtin, Carrier::Native, Carrier::Wasm];

    /// The name as it is written in run files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Carrier::Builtin => "builtin",
            Carrier::Native => "native",
            Carrier::Wasm => "wasm",
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Carrier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Carrier::ALL.into_iter().find(|carrier| carrier.as_str() == text);
        found.ok_or_else(|| format!("no carrier `{text}`: write builtin, native or wasm"))
    }
}
