//! Logging to stderr.

use std::fmt;
use std::io::{self, Write};

use codetune_core::plugin::COMPILING;
use codetune_core::redact::{escape_control, redact};
use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::command_error::CommandError;

/// The environment variable with the filter, in the syntax of `tracing_subscriber::EnvFilter`.
const VARIABLE: &str = "CODETUNE_LOG";

/// Starts logging: warnings by default, more with `-v` and `-vv`. `CODETUNE_LOG` takes precedence.
///
/// # Errors
/// The filter is invalid.
pub fn start(verbosity: u8, quiet: bool, color: bool) -> Result<(), CommandError> {
    let own = match (quiet, verbosity) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,codetune=info",
        (false, _) => "info,codetune=debug",
    };
    let given = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
    let filter = EnvFilter::try_new(given.as_deref().unwrap_or(own))
        .map_err(|error| CommandError::LogFilter { variable: VARIABLE, source: Box::new(error) })?;
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(color)
        .with_target(verbosity > 1)
        .with_writer(|| Redacting)
        .with_filter(filter);
    let compiling = (!quiet && verbosity == 0 && given.is_none())
        .then(|| Compiling.with_filter(filter_fn(|event| event.target() == COMPILING)));
    // A second call, as in tests, has no effect.
    let _ = tracing_subscriber::registry().with(log).with(compiling).try_init();
    Ok(())
}

/// Always announces the compilation of a component, since it may take many seconds.
struct Compiling;

impl<S: Subscriber> Layer<S> for Compiling {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut |field: &Field, value: &dyn fmt::Debug| {
            if field.name() == "message" {
                let text = format!("{value:?}");
                // Nothing can be reported if stderr is closed.
                let _ = writeln!(io::stderr(), "{}", escape_control(&text));
            }
        });
    }
}

/// Writes to stderr with secrets redacted.
struct Redacting;

impl Write for Redacting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Each event is written in one call.
        io::stderr().write_all(redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
