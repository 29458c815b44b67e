//! What every command needs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use codetune_core::model::Budget;
use codetune_core::plugin::{CallRules, Carrier, LimitOverrides, Registry};
use codetune_core::redact::escape_control;
use codetune_core::store::Store;
use tempfile::TempDir;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::folders::Folders;
use crate::globals::Globals;
use crate::interrupt::Interrupt;
use crate::plugins::PluginSettings;
use crate::terminal::Terminal;

/// The settings of this call, made into things when they are needed.
pub struct Context {
    /// Where answers go.
    pub terminal: Terminal,
    /// Set by Ctrl-C; in a training run by SIGTERM and SIGHUP too.
    pub stop: Arc<AtomicBool>,
    /// Set while a run is trained, which saves a checkpoint when it is asked to stop.
    pub resumable: Arc<AtomicBool>,
    folders: Folders,
    /// Made when it is first needed.
    usable: OnceLock<(Folders, Option<TempDir>)>,
    /// Which plugins to use.
    pub plugins: PluginSettings,
    /// What tensors may take.
    pub memory: Budget,
    database: Option<String>,
}

impl Context {
    /// Reads the global options.
    ///
    /// # Errors
    /// The usual folders are not known.
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
                carrier: globals.carrier,
                rules: CallRules {
                    limits: LimitOverrides::new(globals.plugin_limit.iter().cloned()),
                    stop: interrupt.stop,
                },
            },
            memory: globals.memory.unwrap_or_else(Budget::of_machine),
            database: globals.database.clone(),
        })
    }

    /// Where things are kept. What is kept in the cache saves time and nothing else: where it cannot be written, a
    /// folder that goes with this call takes its place, with a warning.
    pub fn folders(&self) -> &Folders {
        let choose = || {
            let Err(error) = self.folders.check_cache() else { return (self.folders.clone(), None) };
            let cache = self.folders.cache.display();
            let text =
                format!("the cache {cache} cannot be written: {error}; nothing is kept for later calls");
            self.terminal.warn(&escape_control(&text));
            match tempfile::tempdir() {
                Ok(folder) => {
                    (Folders { cache: folder.path().to_owned(), ..self.folders.clone() }, Some(folder))
                }
                // Whatever cannot go without says so itself.
                Err(_) => (self.folders.clone(), None),
            }
        };
        &self.usable.get_or_init(choose).0
    }

    /// The plugins.
    ///
    /// # Errors
    /// As [`PluginSettings::registry`].
    pub fn registry(&self) -> Result<Registry, Failure> {
        self.plugins.registry(self.folders())
    }

    /// The plugins, first-party ones loaded by `carrier` unless the command line names another.
    ///
    /// # Errors
    /// As [`PluginSettings::registry`].
    pub fn registry_by(&self, carrier: Option<Carrier>) -> Result<Registry, Failure> {
        let carrier = self.plugins.carrier.or(carrier);
        PluginSettings { carrier, ..self.plugins.clone() }.registry(self.folders())
    }

    /// The database, made where there is none.
    ///
    /// # Errors
    /// It cannot be opened; nothing else is ever opened instead.
    pub fn store(&self) -> Result<Store, Failure> {
        let url = match &self.database {
            Some(given) => given.clone(),
            None => {
                let database = self.folders.database();
                let Some(path) = database.to_str() else {
                    // What SQLite's driver does not take, shown with the bytes replaced, would be another file.
                    return Err(Failure::usage(format!("cannot keep runs in {}", database.display()))
                        .why("its path is not UTF-8")
                        .help("give another folder with --data-dir, or a file with --database"));
                };
                let data = &self.folders.data;
                std::fs::create_dir_all(data)
                    .map_err(|error| Failure::file("make the folder", data, &error))?;
                path.to_owned()
            }
        };
        Ok(Store::open(&url)?)
    }

    /// Ends the command where it was asked to stop.
    ///
    /// # Errors
    /// It was.
    pub fn go_on(&self) -> Result<(), Failure> {
        match self.stop.load(Ordering::SeqCst) {
            true => Err(Failure::new(Exit::Interrupted, "interrupted")),
            false => Ok(()),
        }
    }
}
