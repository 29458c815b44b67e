use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::manifest::Manifest;
use super::runtime::Runtime;

/// The identity of a plugin, as recorded in datasets and runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginIdentity {
    /// `namespace/name`.
    pub name: String,
    /// The version of the plugin.
    pub version: String,
    /// The runtime, such as `wasm`.
    pub runtime: String,
    /// BLAKE3 of the plugin's file, in hexadecimal; `None` for parts of the host.
    pub digest: Option<String>,
}

impl PluginIdentity {
    /// The identity of a loaded plugin.
    pub fn new(manifest: &Manifest, runtime: Runtime, digest: Digest) -> Self {
        PluginIdentity {
            name: manifest.name.clone(),
            version: manifest.version.to_string(),
            runtime: runtime.as_str().to_owned(),
            digest: Some(digest.hex()),
        }
    }
}
