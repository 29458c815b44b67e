use std::path::PathBuf;

use codetune_validate::Blame;

/// Why a registry refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum RegistryError {
    /// No plugin has this name.
    #[error("there is no plugin `{name}`")]
    #[diagnostic(code(plugin::unknown), help("{hint}"))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest known name, or where to look.
        hint: String,
    },
    /// Several plugins have this name in namespaces of their own.
    #[error("the plugin `{name}` may be {}", either(candidates))]
    #[diagnostic(
        code(plugin::ambiguous),
        help("write the whole name, such as {}", candidates.last().map_or("", String::as_str))
    )]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// The whole names that it may mean.
        candidates: Vec<String>,
    },
    /// The plugin is switched off, or needs the user's consent.
    #[error("plugin {name} is disabled")]
    #[diagnostic(code(plugin::disabled), help("{remedy}"))]
    Disabled {
        /// The plugin.
        name: String,
        /// How to enable it.
        remedy: String,
    },
    /// The plugin cannot be used.
    #[error("plugin {name} is {state}: {reason}")]
    #[diagnostic(code(plugin::not_ready), help("see it with: codetune plugin info {}", shell_word(name)))]
    NotReady {
        /// The plugin.
        name: String,
        /// Its state in a word.
        state: &'static str,
        /// Why.
        reason: String,
    },
    /// Several plugins describe models of one architecture.
    #[error("{architecture} is described by several backends: {}", backends.join(", "))]
    #[diagnostic(
        code(plugin::several_backends),
        help(
            "name one: --backend {0}, or in a run file model.backend = \"{0}\"; or switch the others off: --disable NAME",
            backends.first().map_or("", String::as_str)
        )
    )]
    SeveralBackends {
        /// As `config.json` names it.
        architecture: String,
        /// The plugins' names.
        backends: Vec<String>,
    },
    /// A folder of plugins cannot be read.
    #[error("the plugin folder {path} cannot be read: {reason}")]
    #[diagnostic(code(plugin::folder), help("name an existing folder"))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

impl RegistryError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            RegistryError::Disabled { .. } | RegistryError::NotReady { .. } => Blame::Plugin,
            _ => Blame::Input,
        }
    }
}

/// `a, b or c`.
fn either(names: &[String]) -> String {
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// A name as a shell takes it.
fn shell_word(name: &str) -> String {
    shlex::try_quote(name).map_or_else(|_| name.to_owned(), std::borrow::Cow::into_owned)
}
