use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codetune_plugin_sdk::Builtin;
use codetune_validate::nearest;

use crate::call_rules::CallRules;
use crate::digest::Digest;
use crate::entry::{Entry, Origin, PluginState};
use crate::folder::{self, PassedOver};
use crate::name::{Meaning, is_own, meaning, short_name};
use crate::plugin::{Plugin, PluginDirectories, Refusal};
use crate::registry_error::RegistryError;
use crate::runtime::Runtime;
use crate::wasm::MOST_FILE_BYTES;

/// What a registry may load beyond the sandbox.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Native libraries that the user trusts, by digest.
    pub native: BTreeSet<Digest>,
    /// Plugins that the user has switched off, by whole name or by file.
    pub disabled: BTreeSet<String>,
}

/// The plugins that this host knows, in the order of their names.
///
/// Two files may claim one name: then neither is ready, since which of them would run must not depend on an order,
/// and both say so. Everything else goes on.
#[derive(Debug)]
pub struct Registry {
    entries: BTreeMap<(String, Origin), Entry>,
    passed_over: Vec<PassedOver>,
    /// The files that are registered, wherever links to them lie.
    files: BTreeSet<PathBuf>,
    directories: PluginDirectories,
    trust: Trust,
    rules: CallRules,
}

impl Registry {
    /// An empty registry.
    pub fn new(directories: PluginDirectories, trust: Trust) -> Self {
        Registry {
            entries: BTreeMap::new(),
            passed_over: Vec::new(),
            files: BTreeSet::new(),
            directories,
            trust,
            rules: CallRules::default(),
        }
    }

    /// Holds the calls into the plugins that are registered from now on to what the user sets.
    pub fn hold_to(&mut self, rules: CallRules) {
        self.rules = rules;
    }

    /// Registers those built-ins whose names `wanted` accepts.
    pub fn register_builtins(&mut self, wanted: impl Fn(&str) -> bool) {
        let made: Vec<Entry> = Builtin::all()
            .map(|builtin| self.entry(Origin::Builtin, "a built-in", Plugin::builtin(builtin)))
            .filter(|entry| wanted(&entry.name))
            .collect();
        made.into_iter().for_each(|entry| self.insert(entry));
    }

    /// Registers a plugin that is carried inside this program as a file; a native one needs no pin, since it
    /// is part of what the user chose to run. To come before any file of the same short name, it is registered first.
    pub fn register_embedded(&mut self, name: &str, bytes: &'static [u8]) {
        self.trust.native.insert(Digest::of(bytes));
        self.register(Origin::Embedded(name.to_owned()), bytes.into());
    }

    /// Registers a plugin from a file. A broken file is registered as failed, so that it stays visible; a file that
    /// is registered already is left alone.
    pub fn register_file(&mut self, path: &Path) {
        if let Ok(real) = path.canonicalize()
            && !self.files.insert(real)
        {
            return;
        }
        let origin = Origin::File(path.to_owned());
        match read_whole(path) {
            Ok(bytes) => self.register(origin, bytes.into()),
            Err(error) => {
                let refusal = Refusal::Failed(format!("the file cannot be read: {error}"));
                let entry = self.entry(origin, &file_name(path), Err(refusal));
                self.insert(entry);
            }
        }
    }

    /// Registers every component and dynamic library of a folder, in the order of their file names. What else may
    /// have been meant as a plugin is in [`Registry::passed_over`].
    ///
    /// # Errors
    /// [`RegistryError::Folder`].
    pub fn discover(&mut self, folder: &Path) -> Result<(), RegistryError> {
        let (files, passed_over) = folder::list(folder)
            .map_err(|error| RegistryError::Folder { path: folder.to_owned(), reason: error.to_string() })?;
        files.iter().for_each(|path| self.register_file(path));
        self.passed_over.extend(passed_over);
        Ok(())
    }

    /// The entry of this name, whatever its state. A short name means codetune's own plugin first, else the only one.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] names the nearest known name, where one is alike. [`RegistryError::Ambiguous`].
    pub fn get(&self, name: &str) -> Result<&Entry, RegistryError> {
        match meaning(name, self.names()) {
            Meaning::One(whole) => self.of_name(whole).ok_or_else(|| self.unknown(name)),
            Meaning::None => Err(self.unknown(name)),
            Meaning::Several(candidates) => Err(RegistryError::Ambiguous {
                name: name.to_owned(),
                candidates: candidates.into_iter().map(str::to_owned).collect(),
            }),
        }
    }

    /// The plugin of this name, ready to be used.
    ///
    /// # Errors
    /// As [`Registry::get`], [`RegistryError::Disabled`] or [`RegistryError::NotReady`].
    pub fn ready(&self, name: &str) -> Result<Arc<Plugin>, RegistryError> {
        let entry = self.get(name)?;
        match (&entry.state, &entry.plugin) {
            (PluginState::Ready, Some(plugin)) => Ok(Arc::clone(plugin)),
            (PluginState::Disabled(remedy), _) => {
                Err(RegistryError::Disabled { name: entry.name.clone(), remedy: remedy.clone() })
            }
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

    /// What was passed over in the folders that were searched.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// Every plugin that can be used and analyses, in the order of their names.
    pub fn analyzers(&self) -> Vec<Arc<Plugin>> {
        self.usable().filter(|plugin| plugin.manifest().analyzer.is_some()).collect()
    }

    /// The plugin that describes models of this architecture, where there is one.
    ///
    /// # Errors
    /// [`RegistryError::SeveralBackends`]: which of them is meant is for the user to say.
    pub fn backend_for(&self, architecture: &str) -> Result<Option<Arc<Plugin>>, RegistryError> {
        let knows = |plugin: &Arc<Plugin>| {
            let backend = plugin.manifest().training_backend.as_ref();
            backend.is_some_and(|backend| backend.architectures.iter().any(|known| known == architecture))
        };
        let mut found: Vec<Arc<Plugin>> = self.usable().filter(knows).collect();
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => Err(RegistryError::SeveralBackends {
                architecture: architecture.to_owned(),
                backends: own_first(found.iter().map(|plugin| plugin.manifest().name.clone())),
            }),
        }
    }

    /// Forgets every plugin. Those in use stay alive until they are dropped.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.passed_over.clear();
        self.files.clear();
    }

    fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.entries.keys().map(|(name, _)| name.as_str())
    }

    /// The entry of a whole name; of several the one that can be used.
    fn of_name(&self, name: &str) -> Option<&Entry> {
        let of_name = || self.entries.values().filter(|entry| entry.name == name);
        of_name().find(|entry| entry.state == PluginState::Ready).or_else(|| of_name().next())
    }

    fn unknown(&self, name: &str) -> RegistryError {
        let hint = match self.nearest(name) {
            Some(known) => format!("did you mean `{known}`? `codetune plugin list` shows all"),
            None if self.entries.is_empty() => "no plugins are registered".to_owned(),
            None => "`codetune plugin list` shows all".to_owned(),
        };
        RegistryError::Unknown { name: name.escape_debug().to_string(), hint }
    }

    /// The name most like the given one as a whole, else the one whose part after the namespace is.
    fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names()).or_else(|| {
            let short = nearest(short_name(name), self.names().map(short_name))?;
            self.names().find(|known| short_name(known) == short)
        })
    }

    fn usable(&self) -> impl Iterator<Item = Arc<Plugin>> {
        let ready = self.entries.values().filter(|entry| entry.state == PluginState::Ready);
        ready.filter_map(|entry| entry.plugin.clone())
    }

    fn register(&mut self, origin: Origin, bytes: Arc<[u8]>) {
        let name = match &origin {
            Origin::File(path) => file_name(path),
            other => other.to_string(),
        };
        let made = Plugin::from_bytes(bytes, &self.directories);
        let entry = self.entry(origin, &name, made);
        self.insert(entry);
    }

    fn entry(&self, origin: Origin, file: &str, made: Result<Plugin, Refusal>) -> Entry {
        let failed = |reason| Entry::new(file.to_owned(), origin.clone(), PluginState::Failed(reason), None);
        let name = match &made {
            Err(Refusal::Failed(reason)) => return failed(reason.clone()),
            Err(Refusal::Unavailable { plugin, .. }) => plugin,
            Ok(plugin) => &plugin.manifest().name,
        };
        if is_own(name) && matches!(origin, Origin::File(_)) {
            return failed(format!(
                "it calls itself {name}, and the namespace is that of the plugins that come with codetune: its author has \
                 to give it another"
            ));
        }
        let name = name.clone();
        match made {
            Ok(mut plugin) => {
                plugin.hold_to(&self.rules);
                // Its short name means codetune's own plugin, in rules as well, whether or not that one runs.
                let own = self.names().any(|known| is_own(known) && short_name(known) == short_name(&name));
                plugin.set_shadowed(own && !is_own(&name));
                let state = self.state_of(&name, &origin, &plugin);
                Entry::new(name, origin, state, Some(plugin))
            }
            Err(Refusal::Unavailable { reason, .. } | Refusal::Failed(reason)) => {
                let state = match self.is_disabled(&name, &origin) {
                    true => switched_off(),
                    false => PluginState::Unavailable(reason),
                };
                Entry::new(name, origin, state, None)
            }
        }
    }

    fn is_disabled(&self, name: &str, origin: &Origin) -> bool {
        let file = |path: &Path| self.trust.disabled.iter().any(|disabled| Path::new(disabled) == path);
        self.trust.disabled.contains(name) || matches!(origin, Origin::File(path) if file(path))
    }

    fn state_of(&self, name: &str, origin: &Origin, plugin: &Plugin) -> PluginState {
        if self.is_disabled(name, origin) {
            return switched_off();
        }
        if let Some(missing) = plugin.missing() {
            return PluginState::Unavailable(missing.to_owned());
        }
        if plugin.runtime() == Runtime::Native && !self.trust.native.contains(&plugin.digest()) {
            let reason = format!(
                "native code runs with your own rights; if you trust this file, pass --trust-native {}",
                plugin.digest()
            );
            return PluginState::Disabled(reason);
        }
        PluginState::Ready
    }

    /// Adds an entry; where several that could be used claim its name, none of them can.
    fn insert(&mut self, entry: Entry) {
        let name = entry.name.clone();
        self.entries.insert((name.clone(), entry.origin.clone()), entry);
        let of_name = || self.entries.values().filter(|entry| entry.name == name);
        let able = |entry: &&Entry| entry.own_state == PluginState::Ready;
        let claimants: Vec<String> = of_name().filter(able).map(|entry| entry.origin.to_string()).collect();
        if claimants.len() < 2 {
            return;
        }
        let reason = format!(
            "{} both have this name; remove one of them, or switch one off: --disable {}",
            claimants.join(" and "),
            claimants.last().map_or("", String::as_str)
        );
        for entry in self.entries.values_mut().filter(|entry| entry.name == name) {
            if entry.own_state == PluginState::Ready {
                entry.state = PluginState::Unavailable(reason.clone());
            }
        }
    }
}

/// Reads a plugin's file, once its size is known to be one that a plugin may have.
fn read_whole(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = codetune_files::open(path)?;
    let metadata = file.metadata()?;
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

/// Names in their order, but codetune's own before the others.
fn own_first(names: impl Iterator<Item = String>) -> Vec<String> {
    let (mut own, others): (Vec<String>, Vec<String>) = names.partition(|name| is_own(name));
    own.extend(others);
    own
}

fn switched_off() -> PluginState {
    PluginState::Disabled("remove it from --disable to use it".into())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
