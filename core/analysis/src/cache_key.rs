use blake3::Hasher;
use codetune_plugin::Plugin;
use codetune_source::{self as source, SourceFile};
use serde_json::{Map, Value};

use super::AnswerKey;

/// Everything about an analyzer that its answers depend on, ready for the files.
pub(super) struct KeyBase(Hasher);

impl KeyBase {
    /// `options` are those that the manifest resolved, in the order of their names and with every default.
    ///
    /// The digest alone tells plugins apart; name and version are in it so that two plugins of one program,
    /// or of one careless author, cannot meet.
    pub(super) fn new(plugin: &Plugin, options: &Map<String, Value>) -> Self {
        let mut hasher = Hasher::new();
        let manifest = plugin.manifest();
        field(&mut hasher, &super::SCHEMA_VERSION.to_le_bytes());
        field(&mut hasher, &source::SCHEMA_VERSION.to_le_bytes());
        field(&mut hasher, manifest.name.as_bytes());
        field(&mut hasher, manifest.version.to_string().as_bytes());
        field(&mut hasher, &plugin.digest().0);
        field(&mut hasher, Value::Object(options.clone()).to_string().as_bytes());
        KeyBase(hasher)
    }

    /// The key for a file. Its path counts, since an analyzer may read it: a file that moves is analysed anew,
    /// and no answer that mentions a path is ever shown for another one.
    pub(super) fn key(&self, file: &SourceFile) -> AnswerKey {
        let mut hasher = self.0.clone();
        field(&mut hasher, file.language().id().as_bytes());
        field(&mut hasher, file.language().grammar_version().as_bytes());
        field(&mut hasher, file.digest().as_bytes());
        field(&mut hasher, file.path().as_bytes());
        *hasher.finalize().as_bytes()
    }
}

/// Lengths go in too, so that no two lists of fields read the same.
fn field(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
