use std::fmt;
use std::time::Duration;

use codetune_plugin_sdk as sdk;
use codetune_validate::Blame;
use miette::Diagnostic;

use crate::load_error::MachineError;

/// Why a call into a plugin gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("plugin {plugin}: {fault}")]
pub struct CallError {
    /// The plugin's name.
    pub plugin: String,
    /// What went wrong.
    pub fault: Fault,
}

impl Diagnostic for CallError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.fault.code()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.fault.remedy().map(|remedy| Box::new(remedy) as _)
    }
}

impl CallError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self.fault {
            Fault::Said(sdk::Error::InvalidConfig(_)) => Blame::Input,
            Fault::Stopped => Blame::Stopped,
            Fault::TimedOut(_)
            | Fault::HostTimedOut(_)
            | Fault::OutOfMemory { .. }
            | Fault::TooMuchOutput { .. }
            | Fault::SaidTooMuch { .. } => Blame::Limit,
            Fault::Said(_)
            | Fault::Panicked(_)
            | Fault::Trapped(_)
            | Fault::Invalid(_)
            | Fault::Unavailable(_) => Blame::Plugin,
            Fault::Machine(_) => Blame::Storage,
        }
    }
}

/// What went wrong in a call, as a sentence whose subject is the plugin, or in the plugin's own words.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The plugin said so itself.
    Said(sdk::Error),
    /// Native code panicked; the panic was caught inside the plugin.
    Panicked(String),
    /// The component trapped, which is how a panic ends there.
    Trapped(String),
    /// The call ran past its time limit.
    TimedOut(Duration),
    /// The host worked for the call, past its limit.
    HostTimedOut(Duration),
    /// The component asked for more memory than its limit.
    OutOfMemory {
        /// The limit in force.
        limit_mib: u64,
    },
    /// The answer was larger than the limit.
    TooMuchOutput {
        /// The limit in force.
        limit_kib: u64,
    },
    /// What the plugin said in all of a run is more than is kept of it.
    SaidTooMuch {
        /// What is kept.
        limit_mib: u64,
    },
    /// The call was ended because the user asked for it.
    Stopped,
    /// The answer breaks the contract.
    Invalid(String),
    /// The plugin does not provide what was asked of it, or could not be started.
    Unavailable(String),
    /// This machine cannot run the plugin: a file, a thread or memory that the system refuses.
    Machine(Box<MachineError>),
}

impl std::error::Error for Fault {}

impl From<sdk::Error> for Fault {
    fn from(error: sdk::Error) -> Self {
        Fault::Said(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The host has asked nobody to stop: it ends calls itself.
            Fault::Said(sdk::Error::Cancelled) => f.write_str("gave up, as if it had been asked to stop"),
            Fault::Said(error) => error.fmt(f),
            Fault::Panicked(text) => write!(f, "panicked: {text}"),
            Fault::Trapped(text) => write!(f, "trapped: {text}"),
            Fault::TimedOut(limit) => write!(f, "ran longer than its limit of {limit:?}"),
            Fault::HostTimedOut(limit) => {
                write!(f, "kept the host busy for longer than its limit of {limit:?}")
            }
            Fault::OutOfMemory { limit_mib } => {
                write!(f, "asked for more than its limit of {limit_mib} MiB of memory")
            }
            Fault::TooMuchOutput { limit_kib } => {
                write!(f, "returned more than its limit of {limit_kib} KiB of output")
            }
            Fault::SaidTooMuch { limit_mib } => {
                write!(f, "said more than {limit_mib} MiB about the files of this run")
            }
            Fault::Stopped => f.write_str("stopped as asked"),
            Fault::Invalid(text) => write!(f, "returned an invalid answer: {text}"),
            Fault::Unavailable(text) => f.write_str(text),
            Fault::Machine(error) => error.fmt(f),
        }
    }
}

impl Fault {
    /// What went wrong and what to do about it, for reports with a single text.
    pub fn whole(&self) -> String {
        match self.remedy() {
            Some(remedy) => format!("{self}; {remedy}"),
            None => self.to_string(),
        }
    }

    /// What to do about it, in the host's words alone.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Fault::Panicked(_)
            | Fault::Trapped(_)
            | Fault::Invalid(_)
            | Fault::Said(sdk::Error::Cancelled) => Some("report this to the plugin's author"),
            Fault::TimedOut(_) | Fault::HostTimedOut(_) => {
                Some("raise it with --plugin-limit time_ms=MILLISECONDS")
            }
            Fault::OutOfMemory { .. } => Some("raise it with --plugin-limit memory_mib=MIB"),
            Fault::TooMuchOutput { .. } => Some("raise it with --plugin-limit output_kib=KIB"),
            Fault::SaidTooMuch { .. } => Some("leave the plugin out, or analyse fewer files"),
            Fault::Machine(error) => Some(error.remedy()),
            Fault::Said(_) | Fault::Stopped | Fault::Unavailable(_) => None,
        }
    }

    /// The codes of faults that are limits of the host.
    pub const LIMITS: [&'static str; 5] = [
        "plugin::timed_out",
        "plugin::host_timed_out",
        "plugin::out_of_memory",
        "plugin::too_much_output",
        "plugin::said_too_much",
    ];

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
            Fault::Machine(_) => "plugin::machine",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_limits_are_those_that_blame_a_limit() {
        let limit = Duration::from_secs(1);
        let faults = [
            Fault::TimedOut(limit),
            Fault::HostTimedOut(limit),
            Fault::OutOfMemory { limit_mib: 1 },
            Fault::TooMuchOutput { limit_kib: 1 },
            Fault::SaidTooMuch { limit_mib: 1 },
            Fault::Said(sdk::Error::failed("no")),
            Fault::Trapped("no".into()),
            Fault::Invalid("no".into()),
            Fault::Unavailable("no".into()),
            Fault::Stopped,
        ];
        for fault in faults {
            let is_limit = Fault::LIMITS.contains(&fault.code());
            assert_eq!(fault.of("a/b").blame() == Blame::Limit, is_limit);
        }
    }
}
