use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use codetune_plugin_sdk::{Builtin, Setup, abi};
use serde_json::{Map, Value};

use crate::call_error::{CallError, Fault};
use crate::call_rules::CallRules;
use crate::digest::Digest;
use crate::identity::PluginIdentity;
use crate::instance::{AnalyzerInstance, BackendInstance};
use crate::limits::Limits;
use crate::load_error::{LoadError, MachineError};
use crate::manifest::{Manifest, ManifestError};
use crate::native::{NativeAnalyzer, NativeBackend, Tables, open_library};
use crate::plan::check_plan;
use crate::runtime::Runtime;
use crate::service::TensorHost;
use crate::wasm::{ComponentCache, LoadedComponent, WasmAnalyzer, WasmBackend, missing_imports};
use crate::{config, section};

/// A plugin whose manifest was read and whose file may be run. Its code is loaded on first use, once.
pub struct Plugin {
    manifest: Arc<Manifest>,
    digest: Digest,
    missing: Option<String>,
    limits: Limits,
    stop: Arc<AtomicBool>,
    /// Whether its short name means another plugin.
    shadowed: bool,
    body: Body,
}

enum Body {
    Builtin(&'static abi::Plugin),
    Native {
        bytes: Arc<[u8]>,
        symbol: String,
        directory: PathBuf,
        tables: OnceLock<Result<Tables, LoadError>>,
    },
    Wasm {
        bytes: Arc<[u8]>,
        cache: Option<ComponentCache>,
        loaded: OnceLock<Result<LoadedComponent, LoadError>>,
    },
}

/// Why a file or a built-in makes no plugin.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is sound, and needs something that this host lacks.
    Unavailable {
        /// Its name.
        plugin: String,
        /// What it needs, and who has to upgrade.
        reason: String,
    },
    /// It is broken.
    Failed(String),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Refusal::Failed(reason)
    }
}

impl From<ManifestError> for Refusal {
    fn from(error: ManifestError) -> Self {
        let reason = error.to_string();
        match error {
            ManifestError::Contract { plugin, .. } | ManifestError::Capability { plugin, .. } => {
                Refusal::Unavailable { plugin, reason }
            }
            _ => Refusal::Failed(reason),
        }
    }
}

/// Where plugins keep what they make on this machine.
#[derive(Debug, Clone)]
pub struct PluginDirectories {
    /// Compiled components.
    pub components: PathBuf,
    /// Verified copies of native libraries, from which they are loaded.
    pub libraries: PathBuf,
}

impl PluginDirectories {
    /// The usual folders below a cache directory.
    pub fn below(cache: &Path) -> Self {
        PluginDirectories { components: cache.join("components"), libraries: cache.join("libraries") }
    }
}

impl Plugin {
    /// A plugin that is linked into this program. Its digest covers its manifest and the whole program.
    ///
    /// # Errors
    /// The manifest is refused, or the program cannot be read.
    pub(crate) fn builtin(builtin: &'static Builtin) -> Result<Self, Refusal> {
        let manifest = Manifest::parse(builtin.manifest)?;
        let limits = manifest.granted_limits();
        let digest = builtin_digest(builtin.manifest)?;
        let body = Body::Builtin(builtin.plugin);
        Ok(Plugin {
            manifest: Arc::new(manifest),
            digest,
            missing: None,
            limits,
            stop: Arc::default(),
            shadowed: false,
            body,
        })
    }

    /// A plugin in a file that was read. Nothing of it runs yet.
    ///
    /// # Errors
    /// Says what the file is instead of a plugin, or what is wrong with its manifest.
    pub(crate) fn from_bytes(bytes: Arc<[u8]>, directories: &PluginDirectories) -> Result<Self, Refusal> {
        let embedded = section::read(&bytes)?;
        let manifest = Manifest::parse(&embedded.manifest)?;
        let missing = match embedded.symbol {
            Some(_) => embedded.missing,
            None => missing_imports(&bytes, &manifest),
        };
        let digest = Digest::of(&bytes);
        let body = match embedded.symbol {
            Some(symbol) => Body::Native {
                bytes,
                symbol,
                directory: directories.libraries.clone(),
                tables: OnceLock::new(),
            },
            None => {
                // Without a cache every start compiles anew, which only costs time.
                let cache = ComponentCache::open(&directories.components)
                    .inspect_err(|error| tracing::warn!("no cache of compiled components: {error}"));
                Body::Wasm { bytes, cache: cache.ok(), loaded: OnceLock::new() }
            }
        };
        let limits = manifest.granted_limits();
        Ok(Plugin {
            manifest: Arc::new(manifest),
            digest,
            missing,
            limits,
            stop: Arc::default(),
            shadowed: false,
            body,
        })
    }

    /// Holds its calls to what the user sets.
    pub(crate) fn hold_to(&mut self, rules: &CallRules) {
        self.limits = rules.limits.over(self.name(), self.manifest.granted_limits());
        self.stop = Arc::clone(&rules.stop);
    }

    /// The limits in force for its calls.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of its file, or for a built-in of the program that it is part of.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether its short name means one of codetune's own plugins, so that it answers to its whole name alone.
    pub fn is_shadowed(&self) -> bool {
        self.shadowed
    }

    pub(crate) fn set_shadowed(&mut self, shadowed: bool) {
        self.shadowed = shadowed;
    }

    /// What this host or machine lacks to run it, with the remedy.
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// How it is loaded.
    pub fn runtime(&self) -> Runtime {
        match self.body {
            Body::Builtin(_) => Runtime::Builtin,
            Body::Native { .. } => Runtime::Native,
            Body::Wasm { .. } => Runtime::Wasm,
        }
    }

    /// What records keep of it.
    pub fn identity(&self) -> PluginIdentity {
        PluginIdentity::new(&self.manifest, self.runtime(), self.digest())
    }

    /// Checks options against the manifest and fills in defaults.
    ///
    /// # Errors
    /// Names the option, the value and the rule.
    pub fn resolve_config(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, CallError> {
        let error = |text| Fault::Said(codetune_plugin_sdk::Error::InvalidConfig(text)).of(self.name());
        config::resolve(&self.manifest.config, given).map_err(error)
    }

    /// Loads the plugin's code now rather than on first use.
    ///
    /// # Errors
    /// Says why the code cannot be loaded.
    #[tracing::instrument(skip_all, fields(plugin = self.name()))]
    pub fn load(&self) -> Result<(), CallError> {
        match &self.body {
            Body::Wasm { .. } => self.component().map(drop),
            _ => self.tables().map(drop),
        }
    }

    /// Makes an instance of an analyzer.
    ///
    /// # Errors
    /// The options are refused, the code cannot be loaded, or the plugin is no analyzer.
    pub fn analyzer(&self, options: &Map<String, Value>) -> Result<Box<dyn AnalyzerInstance>, CallError> {
        let analyzer = self.manifest.analyzer.as_ref();
        let analyzer =
            analyzer.ok_or_else(|| self.fault(&LoadError::Plugin("it is not an analyzer".into())))?;
        let resolved = self.resolve_config(options)?;
        let setup = Setup {
            config: Value::Object(resolved).to_string(),
            rules: analyzer.rules.iter().map(|rule| rule.id.clone()).collect(),
            attributes: analyzer.attributes.iter().map(|attribute| attribute.name.clone()).collect(),
        };
        let manifest = Arc::clone(&self.manifest);
        Ok(match &self.body {
            Body::Wasm { .. } => Box::new(WasmAnalyzer::configure(self.component()?, manifest, &setup)?),
            _ => Box::new(NativeAnalyzer::configure(self.tables()?, manifest, self.limits, &setup)?),
        })
    }

    /// Makes an instance of a training backend for a model's `config.json`.
    ///
    /// # Errors
    /// The model's configuration is refused, the code cannot be loaded, the plugin is no backend, or what it says that
    /// the model consists of cannot be.
    pub fn backend(
        &self,
        config: &str,
        host: Arc<dyn TensorHost>,
    ) -> Result<Box<dyn BackendInstance>, CallError> {
        let manifest = Arc::clone(&self.manifest);
        let instance: Box<dyn BackendInstance> = match &self.body {
            Body::Wasm { .. } => Box::new(WasmBackend::configure(self.component()?, manifest, config, host)?),
            _ => Box::new(NativeBackend::configure(self.tables()?, manifest, config, host)?),
        };
        check_plan(instance.plan()).map_err(|what| Fault::Invalid(what).of(self.name()))?;
        Ok(instance)
    }

    fn name(&self) -> &str {
        &self.manifest.name
    }

    fn fault(&self, error: &LoadError) -> CallError {
        let fault = match error {
            LoadError::Plugin(what) => Fault::Unavailable(what.clone()),
            LoadError::Machine(error) => Fault::Machine(Box::new(error.clone())),
        };
        fault.of(self.name())
    }

    fn component(&self) -> Result<&LoadedComponent, CallError> {
        let Body::Wasm { bytes, cache, loaded } = &self.body else {
            return Err(self.fault(&LoadError::Plugin("it is not a component".into())));
        };
        let load = || {
            LoadedComponent::load(bytes, &self.digest, self.name(), self.limits, &self.stop, cache.as_ref())
        };
        loaded.get_or_init(load).as_ref().map_err(|error| self.fault(error))
    }

    fn tables(&self) -> Result<Tables, CallError> {
        let tables = match &self.body {
            // SAFETY: the table is part of this program, made by the SDK that this program is built with.
            Body::Builtin(plugin) => {
                unsafe { Tables::of(*plugin, &self.manifest) }.map_err(LoadError::Plugin)
            }
            Body::Native { bytes, symbol, directory, tables } => tables
                .get_or_init(|| {
                    let copy = VerifiedCopy::of(bytes, &self.digest, directory)?;
                    Ok(open_library(&copy.path, symbol, &self.manifest)?)
                })
                .clone(),
            Body::Wasm { .. } => Err(LoadError::Plugin("it is a component".into())),
        };
        tables.map_err(|error| self.fault(&error))
    }
}

/// A copy of the very bytes whose digest was checked, to load a library from: a file that changes between the check and
/// the load, or while it is in use, does no harm.
struct VerifiedCopy {
    path: PathBuf,
    /// The folder that goes with it, where the copy is not kept for later calls. What is loaded stays.
    _folder: Option<tempfile::TempDir>,
}

impl VerifiedCopy {
    /// Takes the copy in a directory, made where there is none. What is kept there saves time alone: where that cannot
    /// be written, being on a full disk or read-only, a folder of this call takes its place.
    fn of(bytes: &[u8], digest: &Digest, directory: &Path) -> Result<Self, MachineError> {
        let error = match kept_copy(bytes, digest, directory) {
            Ok(path) => return Ok(VerifiedCopy { path, _folder: None }),
            Err(error) => error,
        };
        let place = || -> std::io::Result<Self> {
            let folder = tempfile::tempdir()?;
            Ok(VerifiedCopy { path: kept_copy(bytes, digest, folder.path())?, _folder: Some(folder) })
        };
        let copy = place().map_err(|second| MachineError::copy(directory, &error, &second))?;
        tracing::warn!("cannot cache copies of libraries in {}: {error}", directory.display());
        Ok(copy)
    }
}

fn kept_copy(bytes: &[u8], digest: &Digest, directory: &Path) -> std::io::Result<PathBuf> {
    let extension = std::env::consts::DLL_EXTENSION;
    let path = directory.join(format!("{}.{extension}", digest.hex()));
    codetune_files::private_directory(directory)?;
    if !std::fs::read(&path).is_ok_and(|kept| Digest::of(&kept) == *digest) {
        codetune_files::write_private(&path, &[bytes])?;
    }
    Ok(path)
}

/// A built-in changes with the program around it, so its digest covers the program.
fn builtin_digest(manifest: &str) -> Result<Digest, String> {
    static PROGRAM: OnceLock<Result<[u8; 32], String>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let read = || -> std::io::Result<[u8; 32]> {
            let mut hasher = blake3::Hasher::new();
            hasher.update_mmap_rayon(std::env::current_exe()?)?;
            Ok(*hasher.finalize().as_bytes())
        };
        read().map_err(|error| format!("this program's own file cannot be read: {error}"))
    });
    let program = program.as_ref().map_err(Clone::clone)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(program).update(manifest.as_bytes());
    Ok(Digest(*hasher.finalize().as_bytes()))
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({}, {})", self.manifest.name, self.manifest.version, self.runtime(), self.digest)
    }
}
