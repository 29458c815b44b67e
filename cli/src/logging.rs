//! The log, on stderr: configured here and nowhere else.

use std::io::{self, Write};

use codetune_core::validate::redact;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// The variable that says what is logged, in the syntax of `tracing_subscriber::EnvFilter`.
const VARIABLE: &str = "CODETUNE_LOG";

/// Starts logging: warnings, with `-v` what codetune does, with `-vv` the details. `CODETUNE_LOG` goes before.
///
/// # Errors
/// The variable cannot be understood.
pub fn start(verbosity: u8, quiet: bool, color: bool) -> Result<(), Failure> {
    let own = match (quiet, verbosity) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,codetune=info,codetune_core=info",
        (false, _) => "info,codetune=debug,codetune_core=debug",
    };
    let given = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let filter = EnvFilter::try_new(given.as_deref().unwrap_or(own)).map_err(|error| {
        Failure::usage(format!("{VARIABLE} cannot be understood"))
            .why(error.to_string())
            .help(format!("write for example {VARIABLE}=warn,codetune_core=debug"))
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(color)
        .with_target(verbosity > 1)
        .with_writer(|| Redacting);
    // A second start, as in tests, keeps the first.
    let _ = log.try_init();
    Ok(())
}

/// Writes to stderr what is no secret.
struct Redacting;

impl Write for Redacting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // An event comes in one piece.
        io::stderr().write_all(redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
