use std::time::Duration;

use codetune_plugin_sdk as sdk;

/// Why a call into a plugin gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("plugin {plugin}: {fault}")]
pub struct CallError {
    /// The plugin's name.
    pub plugin: String,
    /// What went wrong.
    pub fault: Fault,
}

/// What went wrong in a call.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The plugin said so itself.
    #[error("{0}")]
    Said(#[from] sdk::Error),
    /// Native code panicked; the panic was caught inside the plugin.
    #[error("panicked: {0}; report this to the plugin's author")]
    Panicked(String),
    /// The component trapped, which is how a panic ends there.
    #[error("trapped: {0}; report this to the plugin's author")]
    Trapped(String),
    /// The call ran past its time limit.
    #[error("ran longer than its limit of {0:?}; allow it more with --plugin-limit time_ms=MILLISECONDS")]
    TimedOut(Duration),
    /// The host worked for the call, past its limit.
    #[error(
        "kept the host busy for longer than its limit of {0:?}; allow it more with --plugin-limit time_ms=MILLISECONDS"
    )]
    HostTimedOut(Duration),
    /// The component asked for more memory than its limit.
    #[error(
        "asked for more than its limit of {limit_mib} MiB of memory; allow it more with --plugin-limit memory_mib=MIB"
    )]
    OutOfMemory {
        /// The limit in force.
        limit_mib: u64,
    },
    /// The answer was larger than the limit.
    #[error(
        "returned more than its limit of {limit_kib} KiB of output; allow it more with --plugin-limit output_kib=KIB"
    )]
    TooMuchOutput {
        /// The limit in force.
        limit_kib: u64,
    },
    /// What the plugin said in all of a run is more than is kept of it.
    #[error(
        "said more than {limit_mib} MiB about the files of this run; leave the plugin out, or analyse fewer files"
    )]
    SaidTooMuch {
        /// What is kept.
        limit_mib: u64,
    },
    /// The call was ended because the user asked for it.
    #[error("stopped as asked")]
    Stopped,
    /// The answer breaks the contract.
    #[error("returned an invalid answer: {0}; report this to the plugin's author")]
    Invalid(String),
    /// The plugin does not provide what was asked of it, or could not be started.
    #[error("{0}")]
    Unavailable(String),
}

impl Fault {
    /// A stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Said(sdk::Error::InvalidConfig(_)) => "plugin::invalid_config",
            Fault::Said(sdk::Error::Refused(_)) => "plugin::refused",
            Fault::Said(sdk::Error::Failed(_)) => "plugin::failed",
            Fault::Said(sdk::Error::Cancelled) => "plugin::cancelled",
            Fault::Panicked(_) => "plugin::panicked",
            Fault::Trapped(_) => "plugin::trapped",
            Fault::TimedOut(_) => "plugin::timed_out",
            Fault::HostTimedOut(_) => "plugin::host_timed_out",
            Fault::OutOfMemory { .. } => "plugin::out_of_memory",
            Fault::TooMuchOutput { .. } => "plugin::too_much_output",
            Fault::SaidTooMuch { .. } => "plugin::said_too_much",
            Fault::Stopped => "plugin::stopped",
            Fault::Invalid(_) => "plugin::invalid_answer",
            Fault::Unavailable(_) => "plugin::unavailable",
        }
    }

    /// Whether a limit of time ended the call.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Fault::TimedOut(_) | Fault::HostTimedOut(_))
    }

    /// Attributes the fault to a plugin.
    pub fn of(self, plugin: &str) -> CallError {
        CallError { plugin: plugin.to_owned(), fault: self }
    }
}
