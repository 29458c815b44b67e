use serde::{Deserialize, Serialize};

use super::{Digest, Manifest, Runtime};

/// Which plugin, of which version and in which form: what datasets and runs record of those that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginIdentity {
    /// `namespace/name`.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// How it was loaded, such as `wasm`.
    pub runtime: String,
    /// BLAKE3 of the plugin's file, in hexadecimal; `None` for what is part of the host.
    pub digest: Option<String>,
}

impl PluginIdentity {
    /// Of a plugin that was loaded.
    pub fn new(manifest: &Manifest, runtime: Runtime, digest: Digest) -> Self {
        PluginIdentity {
            name: manifest.name.clone(),
            version: manifest.version.to_string(),
            runtime: runtime.as_str().to_owned(),
            digest: Some(digest.hex()),
        }
    }
}
