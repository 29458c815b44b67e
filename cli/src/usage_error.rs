//! Invalid arguments, with what clap knows of them in separate fields.

use std::error::Error;
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::exit::Exit;

/// Arguments that clap rejected.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
#[diagnostic(code(cli::usage), help("{help}"))]
pub struct UsageError {
    message: String,
    help: String,
    /// The usage of the command, on one line, after `Usage: `.
    usage: Option<String>,
    source: Option<Reason>,
}

/// What a parser of values says, or the values that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reason(String);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Reason {}

impl UsageError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        Exit::Usage
    }

    /// The usage of the command.
    pub fn usage(&self) -> Option<&str> {
        self.usage.as_deref()
    }
}

impl From<&clap::Error> for UsageError {
    fn from(error: &clap::Error) -> Self {
        let said = error.source().map(ToString::to_string);
        let accepted = || {
            let [one, many] =
                [(ContextKind::ValidValue, "values"), (ContextKind::ValidSubcommand, "subcommands")].map(
                    |(kind, what)| {
                        texts(error, kind).map(|texts| format!("possible {what}: {}", texts.join(", ")))
                    },
                );
            one.or(many)
        };
        UsageError {
            message: message(error),
            help: help(error),
            usage: texts(error, ContextKind::Usage).map(|lines| words(&lines.join(" "))),
            source: said.or_else(accepted).map(Reason),
        }
    }
}

/// What is wrong, in clap's words.
fn message(error: &clap::Error) -> String {
    let of = |kind| texts(error, kind).unwrap_or_default();
    let argument = of(ContextKind::InvalidArg).join(", ");
    let value = of(ContextKind::InvalidValue).join(", ");
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("a value is required for '{argument}' but none was supplied")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("invalid value '{value}' for '{argument}'")
        }
        ErrorKind::UnknownArgument => format!("unexpected argument '{argument}' found"),
        ErrorKind::InvalidSubcommand => {
            format!("unrecognized subcommand '{}'", of(ContextKind::InvalidSubcommand).join(", "))
        }
        ErrorKind::NoEquals => format!("equal sign is needed when assigning values to '{argument}'"),
        ErrorKind::TooManyValues => format!("unexpected value '{value}' for '{argument}' found"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("'{argument}' has another number of values than it needs")
        }
        ErrorKind::ArgumentConflict => match of(ContextKind::PriorArg) {
            prior if prior.is_empty() => format!("the argument '{argument}' cannot be used with the others"),
            prior if prior == [argument.as_str()] => {
                format!("the argument '{argument}' cannot be used multiple times")
            }
            prior => format!("the argument '{argument}' cannot be used with '{}'", prior.join("', '")),
        },
        ErrorKind::MissingRequiredArgument => format!("missing required arguments: {argument}"),
        ErrorKind::MissingSubcommand => {
            format!(
                "'{}' requires a subcommand but one was not provided",
                of(ContextKind::InvalidSubcommand).join(" ")
            )
        }
        other => other.to_string(),
    }
}

/// What to type instead.
fn help(error: &clap::Error) -> String {
    let similar = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let similar = similar.into_iter().filter_map(|kind| texts(error, kind)).flatten();
    let similar: Vec<String> = similar.map(|name| format!("'{name}'")).collect();
    let mut helps = Vec::new();
    if !similar.is_empty() {
        helps.push(format!("did you mean {}?", similar.join(" or ")));
    }
    if let Some(tips) = texts(error, ContextKind::Suggested) {
        helps.push(tips.join("; "));
    }
    match helps.is_empty() {
        true => "for more information, try '--help'".to_owned(),
        false => helps.join(" "),
    }
}

/// The texts of a part of the error, without styles.
fn texts(error: &clap::Error, kind: ContextKind) -> Option<Vec<String>> {
    let texts = match error.get(kind)? {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        ContextValue::StyledStr(text) => vec![text.to_string()],
        ContextValue::StyledStrs(texts) => texts.iter().map(ToString::to_string).collect(),
        ContextValue::Number(number) => vec![number.to_string()],
        ContextValue::Bool(_) | ContextValue::None => return None,
        _ => return None,
    };
    (!texts.is_empty()).then_some(texts)
}

/// The text on one line.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
