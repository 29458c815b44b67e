//! Former names of options.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

const RENAMED: [(&str, &str); 2] = [("--carrier", "--runtime"), ("--heldout", "--held-out")];

/// Adds the new name to the error for an option that was renamed.
pub fn explain(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return error };
    let Some((former, current)) = RENAMED.iter().find(|(former, _)| former == given) else { return error };
    let tip = StyledStr::from(format!("'{former}' was renamed to '{current}'"));
    error.remove(ContextKind::SuggestedArg);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    error
}
