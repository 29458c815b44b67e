use blake3::Hasher;
use codetune_plugin::Plugin;
use codetune_source::{self as source, SourceFile};
use serde_json::{Map, Value};

use super::cache::AnswerKey;
use super::schema::SCHEMA_VERSION;

/// The part of cache keys that depends on the analyzer.
pub(super) struct KeyBase(Hasher);

impl KeyBase {
    /// `options` are resolved: sorted by name, with all defaults.
    ///
    /// The digest alone identifies a plugin; name and version are included so that two plugins of one program, or of a
    /// careless author, never collide.
    pub(super) fn new(plugin: &Plugin, options: &Map<String, Value>) -> Self {
        let mut hasher = Hasher::new();
        let manifest = plugin.manifest();
        field(&mut hasher, &SCHEMA_VERSION.to_le_bytes());
        field(&mut hasher, &source::SCHEMA_VERSION.to_le_bytes());
        field(&mut hasher, manifest.name.as_bytes());
        field(&mut hasher, manifest.version.to_string().as_bytes());
        field(&mut hasher, &plugin.digest().0);
        field(&mut hasher, Value::Object(options.clone()).to_string().as_bytes());
        KeyBase(hasher)
    }

    /// The key for a file. It includes the path, since an analyzer may read it: a renamed file is analyzed again, and
    /// results that mention a path are never used for another one.
    pub(super) fn key(&self, file: &SourceFile) -> AnswerKey {
        let mut hasher = self.0.clone();
        field(&mut hasher, file.language().id().as_bytes());
        field(&mut hasher, file.language().grammar_version().as_bytes());
        field(&mut hasher, file.digest().as_bytes());
        field(&mut hasher, file.path().as_bytes());
        *hasher.finalize().as_bytes()
    }
}

/// Includes the lengths, so that different lists of fields never look the same.
fn field(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
