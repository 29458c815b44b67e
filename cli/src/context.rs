//! State shared by all commands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use codetune_core::model::MemoryBudget;
use codetune_core::plugin::{CallRules, LimitOverrides, Registry, Runtime};
use codetune_core::redact::escape_control;
use codetune_core::store::Store;
use tempfile::TempDir;

use crate::command_error::CommandError;
use crate::failure::Failure;
use crate::folders::Folders;
use crate::globals::Globals;
use crate::interrupt::Interrupt;
use crate::plugins::PluginSettings;
use crate::terminal::Terminal;

/// The global options; directories, plugins and the database are opened on first use.
pub struct Context {
    /// The terminal.
    pub terminal: Terminal,
    /// Set by Ctrl-C, and in a training run also by SIGTERM and SIGHUP.
    pub stop: Arc<AtomicBool>,
    /// Set during a training run, which saves a checkpoint when it is stopped.
    pub resumable: Arc<AtomicBool>,
    folders: Folders,
    /// The writable directories, resolved on first use.
    usable: OnceLock<(Folders, Option<TempDir>)>,
    /// The plugin options.
    pub plugins: PluginSettings,
    /// The memory limit of tensors.
    pub memory: MemoryBudget,
    database: Option<String>,
}

impl Context {
    /// Reads the global options.
    ///
    /// # Errors
    /// The default directories are unknown.
    pub fn new(globals: &Globals, terminal: Terminal, interrupt: Interrupt) -> Result<Self, Failure> {
        Ok(Context {
            terminal,
            stop: Arc::clone(&interrupt.stop),
            resumable: interrupt.resumable,
            folders: Folders::choose(globals.data_dir.as_deref(), globals.cache_dir.as_deref())?,
            usable: OnceLock::new(),
            plugins: PluginSettings {
                folders: globals.plugins.clone(),
                trusted: globals.trust_native.iter().copied().collect(),
                disabled: globals.disable.iter().cloned().collect(),
                runtime: globals.runtime,
                rules: CallRules {
                    limits: LimitOverrides::new(globals.plugin_limit.iter().cloned()),
                    stop: interrupt.stop,
                },
            },
            memory: globals.memory.unwrap_or_else(MemoryBudget::of_machine),
            database: globals.database.clone(),
        })
    }

    /// The data and cache directories. If the cache is not writable, this warns and uses a temporary directory.
    pub fn folders(&self) -> &Folders {
        let choose = || {
            let Err(error) = self.folders.check_cache() else { return (self.folders.clone(), None) };
            let cache = self.folders.cache.display();
            let text =
                format!("cannot write to the cache {cache}: {error}; continuing with a temporary cache");
            self.terminal.warn(&escape_control(&text));
            match tempfile::tempdir() {
                Ok(folder) => {
                    (Folders { cache: folder.path().to_owned(), ..self.folders.clone() }, Some(folder))
                }
                // Whatever needs the cache reports the error.
                Err(_) => (self.folders.clone(), None),
            }
        };
        &self.usable.get_or_init(choose).0
    }

    /// The plugin registry.
    ///
    /// # Errors
    /// As [`PluginSettings::registry`].
    pub fn registry(&self) -> Result<Registry, Failure> {
        self.plugins.registry(self.folders())
    }

    /// The plugin registry, with first-party plugins in `runtime` unless the command line names another.
    ///
    /// # Errors
    /// As [`PluginSettings::registry`].
    pub fn registry_by(&self, runtime: Option<Runtime>) -> Result<Registry, Failure> {
        let runtime = self.plugins.runtime.or(runtime);
        PluginSettings { runtime, ..self.plugins.clone() }.registry(self.folders())
    }

    /// Opens the database, or creates it.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn store(&self) -> Result<Store, Failure> {
        let url = match &self.database {
            Some(given) => given.clone(),
            None => {
                let database = self.folders.database();
                let Some(path) = database.to_str() else {
                    // With replaced bytes, the path would name another file.
                    return Err(CommandError::DatabasePath { path: database }.into());
                };
                let data = &self.folders.data;
                std::fs::create_dir_all(data).map_err(CommandError::file("create the directory", data))?;
                path.to_owned()
            }
        };
        Ok(Store::open(&url)?)
    }

    /// Returns an error if the user asked to stop.
    ///
    /// # Errors
    /// The command was interrupted.
    pub fn go_on(&self) -> Result<(), Failure> {
        match self.stop.load(Ordering::SeqCst) {
            true => Err(CommandError::Interrupted.into()),
            false => Ok(()),
        }
    }
}
