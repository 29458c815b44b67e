use std::path::PathBuf;

/// Why a registry refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// No plugin has this name.
    #[error("there is no plugin `{name}`: {hint}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest known name, or where to look.
        hint: String,
    },
    /// Several plugins have this name in namespaces of their own.
    #[error("`{name}` may be any of {}: write the whole name", candidates.join(", "))]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// The whole names that it may mean.
        candidates: Vec<String>,
    },
    /// The plugin cannot be used.
    #[error("plugin {name} is {state}: {reason}")]
    NotReady {
        /// The plugin.
        name: String,
        /// Its state in a word.
        state: &'static str,
        /// Why, with the remedy.
        reason: String,
    },
    /// Several plugins describe models of one architecture.
    #[error("the architecture {architecture} is described by {}: name the one to use", backends.join(" and "))]
    SeveralBackends {
        /// As `config.json` names it.
        architecture: String,
        /// The plugins' names.
        backends: Vec<String>,
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
