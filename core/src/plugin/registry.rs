use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codetune_plugin_sdk::Builtin;

use crate::plugin::plugin::Refusal;
use crate::plugin::wasm::MOST_FILE_BYTES;
use crate::plugin::{CallRules, Carrier, Digest, Limits, Manifest, Plugin, PluginDirectories};
use crate::validate::nearest;

/// Where a plugin came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Linked into this program.
    Builtin,
    /// Carried inside this program as a file.
    Embedded(String),
    /// A file that was found or named.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Builtin => f.write_str("built in"),
            Origin::Embedded(name) => write!(f, "embedded {name}"),
            Origin::File(path) => path.display().fmt(f),
        }
    }
}

/// Whether a plugin can be used, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "reason")]
pub enum PluginState {
    /// It can be used.
    Ready,
    /// The user, or the lack of the user's consent, keeps it from being used.
    Disabled(String),
    /// It needs something that this host or machine lacks: another contract or ABI version, a capability,
    /// another processor.
    Unavailable(String),
    /// Its file is broken.
    Failed(String),
}

impl PluginState {
    /// The state in a word.
    pub fn word(&self) -> &'static str {
        match self {
            PluginState::Ready => "ready",
            PluginState::Disabled(_) => "disabled",
            PluginState::Unavailable(_) => "unavailable",
            PluginState::Failed(_) => "failed",
        }
    }

    /// Why it cannot be used, with the way out.
    pub fn reason(&self) -> Option<&str> {
        match self {
            PluginState::Ready => None,
            PluginState::Disabled(reason)
            | PluginState::Unavailable(reason)
            | PluginState::Failed(reason) => Some(reason),
        }
    }
}

/// A plugin in the registry, usable or not.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The plugin's name, or the file's where no name could be read.
    pub name: String,
    /// Where it came from.
    pub origin: Origin,
    /// Whether it can be used.
    pub state: PluginState,
    plugin: Option<Arc<Plugin>>,
}

impl Entry {
    /// The manifest, where it could be read.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.plugin.as_ref().map(|plugin| plugin.manifest())
    }

    /// The limits in force for its calls, where its manifest could be read.
    pub fn limits(&self) -> Option<Limits> {
        self.plugin.as_ref().map(|plugin| plugin.limits())
    }

    /// How the plugin is loaded, where that could be told.
    pub fn carrier(&self) -> Option<Carrier> {
        self.plugin.as_ref().map(|plugin| plugin.carrier())
    }

    /// The plugin's digest, where its file could be read.
    pub fn digest(&self) -> Option<Digest> {
        self.plugin.as_ref().map(|plugin| plugin.digest())
    }
}

/// What a registry may load beyond the sandbox.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Native libraries that the user trusts, by digest.
    pub native: BTreeSet<Digest>,
    /// Plugins that the user has switched off, by name.
    pub disabled: BTreeSet<String>,
}

/// Why a registry refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two sources give the same name.
    #[error("plugin {name} comes from two sources, {first} and {second}; remove one of them")]
    Duplicate {
        /// The name.
        name: String,
        /// The source that was registered.
        first: Origin,
        /// The source that was refused.
        second: Origin,
    },
    /// No plugin has this name.
    #[error("there is no plugin `{name}`: {hint}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest known name, or where to look.
        hint: String,
    },
    /// The plugin cannot be used.
    #[error("plugin {name} is {state}: {reason}")]
    NotReady {
        /// The plugin.
        name: String,
        /// Its state in a word.
        state: &'static str,
        /// Why, with the way out.
        reason: String,
    },
    /// A folder of plugins cannot be read.
    #[error("the plugin folder {path} cannot be read: {reason}; name an existing folder")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

/// The plugins that this host knows, by name, in the order of their names.
#[derive(Debug)]
pub struct Registry {
    entries: BTreeMap<String, Entry>,
    directories: PluginDirectories,
    trust: Trust,
    rules: CallRules,
}

impl Registry {
    /// An empty registry.
    pub fn new(directories: PluginDirectories, trust: Trust) -> Self {
        Registry { entries: BTreeMap::new(), directories, trust, rules: CallRules::default() }
    }

    /// Holds the calls into the plugins that are registered from now on to what the user sets.
    pub fn hold_to(&mut self, rules: CallRules) {
        self.rules = rules;
    }

    /// Registers those built-ins whose names `wanted` accepts.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`].
    pub fn register_builtins(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), RegistryError> {
        let mut made: Vec<Entry> = Builtin::all()
            .map(|builtin| self.entry(Origin::Builtin, "a built-in", Plugin::builtin(builtin)))
            .filter(|entry| wanted(&entry.name))
            .collect();
        // `inventory` promises no order.
        made.sort_by(|a, b| a.name.cmp(&b.name));
        made.into_iter().try_for_each(|entry| self.insert(entry))
    }

    /// Registers a plugin that is carried inside this program as a file; a native one needs no pin, since it
    /// is part of what the user chose to run.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`].
    pub fn register_embedded(&mut self, name: &str, bytes: &'static [u8]) -> Result<(), RegistryError> {
        self.trust.native.insert(Digest::of(bytes));
        self.register(Origin::Embedded(name.to_owned()), bytes.into())
    }

    /// Registers a plugin from a file. A broken file is registered as failed, so that it stays visible.
    ///
    /// # Errors
    /// [`RegistryError::Duplicate`].
    pub fn register_file(&mut self, path: &Path) -> Result<(), RegistryError> {
        let origin = Origin::File(path.to_owned());
        match read_whole(path) {
            Ok(bytes) => self.register(origin, bytes.into()),
            Err(error) => {
                let name = file_name(path);
                let entry = self.entry(
                    origin,
                    &name,
                    Err(Refusal::Failed(format!("the file cannot be read: {error}"))),
                );
                self.insert(entry)
            }
        }
    }

    /// Registers every component and dynamic library of a folder, in the order of their file names.
    ///
    /// # Errors
    /// [`RegistryError::Folder`], or [`RegistryError::Duplicate`].
    pub fn discover(&mut self, folder: &Path) -> Result<(), RegistryError> {
        let unreadable = |error: std::io::Error| RegistryError::Folder {
            path: folder.to_owned(),
            reason: error.to_string(),
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if path.is_file() && ["wasm", std::env::consts::DLL_EXTENSION].contains(&extension) {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().try_for_each(|path| self.register_file(path))
    }

    /// The entry of this name, whatever its state.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] names the nearest known name, where one is alike.
    pub fn get(&self, name: &str) -> Result<&Entry, RegistryError> {
        let exact = self.entries.get(name);
        // `metrics` for `codetune/metrics`, as long as it is the only one.
        let mut short =
            self.entries.values().filter(|e| e.name.split_once('/').is_some_and(|(_, s)| s == name));
        let found = exact.or_else(|| match (short.next(), short.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        });
        found.ok_or_else(|| {
            let hint = match self.nearest(name) {
                Some(known) => format!("did you mean `{known}`? `codetune plugin list` shows all"),
                None if self.entries.is_empty() => "no plugins are registered".to_owned(),
                None => "`codetune plugin list` shows all".to_owned(),
            };
            RegistryError::Unknown { name: name.escape_debug().to_string(), hint }
        })
    }

    /// The plugin of this name, ready to be used.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] or [`RegistryError::NotReady`].
    pub fn ready(&self, name: &str) -> Result<Arc<Plugin>, RegistryError> {
        let entry = self.get(name)?;
        match (&entry.state, &entry.plugin) {
            (PluginState::Ready, Some(plugin)) => Ok(Arc::clone(plugin)),
            (state, _) => Err(RegistryError::NotReady {
                name: entry.name.clone(),
                state: state.word(),
                reason: state.reason().unwrap_or("it has no code").to_owned(),
            }),
        }
    }

    /// Every entry, in the order of their names.
    pub fn list(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Every plugin that can be used and analyses, in the order of their names.
    pub fn analyzers(&self) -> Vec<Arc<Plugin>> {
        self.usable().filter(|plugin| plugin.manifest().analyzer.is_some()).collect()
    }

    /// The plugin that describes models of this architecture, the first by name.
    pub fn backend_for(&self, architecture: &str) -> Option<Arc<Plugin>> {
        self.usable().find(|plugin| {
            let backend = plugin.manifest().training_backend.as_ref();
            backend.is_some_and(|backend| backend.architectures.iter().any(|known| known == architecture))
        })
    }

    /// Forgets every plugin. Those in use stay alive until they are dropped.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The name most like the given one as a whole, else the one whose part after the namespace is.
    fn nearest(&self, name: &str) -> Option<&str> {
        let known = || self.entries.keys().map(String::as_str);
        nearest(name, known()).or_else(|| {
            let short = nearest(short_name(name), known().map(short_name))?;
            known().find(|known| short_name(known) == short)
        })
    }

    fn usable(&self) -> impl Iterator<Item = Arc<Plugin>> {
        let ready = self.entries.values().filter(|entry| entry.state == PluginState::Ready);
        ready.filter_map(|entry| entry.plugin.clone())
    }

    fn register(&mut self, origin: Origin, bytes: Arc<[u8]>) -> Result<(), RegistryError> {
        let name = match &origin {
            Origin::File(path) => file_name(path),
            other => other.to_string(),
        };
        let made = Plugin::from_bytes(bytes, &self.directories);
        let entry = self.entry(origin, &name, made);
        self.insert(entry)
    }

    fn entry(&self, origin: Origin, file: &str, made: Result<Plugin, Refusal>) -> Entry {
        match made {
            Err(Refusal::Failed(reason)) => {
                Entry { name: file.to_owned(), origin, state: PluginState::Failed(reason), plugin: None }
            }
            Err(Refusal::Unavailable { plugin, reason }) => {
                Entry { name: plugin, origin, state: PluginState::Unavailable(reason), plugin: None }
            }
            Ok(mut plugin) => {
                plugin.hold_to(&self.rules);
                let name = plugin.manifest().name.clone();
                let state = self.state_of(&name, &plugin);
                Entry { name, origin, state, plugin: Some(Arc::new(plugin)) }
            }
        }
    }

    fn state_of(&self, name: &str, plugin: &Plugin) -> PluginState {
        if self.trust.disabled.contains(name) {
            return PluginState::Disabled("it is switched off in the settings".into());
        }
        if let Some(missing) = plugin.missing() {
            return PluginState::Unavailable(missing.to_owned());
        }
        if plugin.carrier() == Carrier::Native && !self.trust.native.contains(&plugin.digest()) {
            let reason = format!(
                "native code runs with your own rights; if you trust this file, pass --trust-native {}",
                plugin.digest()
            );
            return PluginState::Disabled(reason);
        }
        PluginState::Ready
    }

    fn insert(&mut self, entry: Entry) -> Result<(), RegistryError> {
        if let Some(first) = self.entries.get(&entry.name) {
            return Err(RegistryError::Duplicate {
                name: entry.name,
                first: first.origin.clone(),
                second: entry.origin,
            });
        }
        self.entries.insert(entry.name.clone(), entry);
        Ok(())
    }
}

/// Reads a plugin's file, once its size is known to be one that a plugin may have.
fn read_whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(MOST_FILE_BYTES)).unwrap_or(0));
    if metadata.len() <= MOST_FILE_BYTES {
        // One byte more than the limit tells a file that grows while it is read.
        file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    }
    match metadata.len().max(bytes.len() as u64) {
        size if size > MOST_FILE_BYTES => Err(std::io::Error::other(format!(
            "it has {} MiB, and a plugin has at most {}",
            size >> 20,
            MOST_FILE_BYTES >> 20
        ))),
        _ => Ok(bytes),
    }
}

fn short_name(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, short)| short)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
