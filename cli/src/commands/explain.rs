//! `codetune explain`

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StyledStr, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use codetune_core::validate::nearest;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// The reference of error codes: a section for each code.
const REFERENCE: &str = include_str!("../../../docs/errors.md");

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  codetune explain store::full")]
pub struct Arguments {
    /// Code of an error.
    #[arg(help = "Code of an error, as in error[CODE]", value_parser = Code, hide_possible_values = true, required_unless_present = "list")]
    pub code: Option<String>,
    /// List all codes.
    #[arg(long, conflicts_with = "code")]
    pub list: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Parses a code. There are too many to print all of them when one is unknown.
#[derive(Clone)]
struct Code;

impl TypedValueParser for Code {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        _: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let given = value.to_string_lossy().into_owned();
        let known = codes();
        if known.contains(&given.as_str()) {
            return Ok(given);
        }
        let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        if let Some(near) = nearest(&given, known) {
            error.insert(ContextKind::SuggestedValue, ContextValue::String(near.to_owned()));
        }
        let tip = StyledStr::from("list all codes with 'codetune explain --list'");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        error.insert(ContextKind::InvalidArg, ContextValue::String("[CODE]".to_owned()));
        error.insert(ContextKind::InvalidValue, ContextValue::String(given));
        Err(error)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(codes().into_iter().map(PossibleValue::new)))
    }
}

/// Codes and their sections, in the order of the reference.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    REFERENCE.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'))
}

fn codes() -> Vec<&'static str> {
    sections().map(|(code, _)| code).collect()
}

/// Prints what an error means, or lists the codes.
///
/// # Errors
/// Stdout cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let meant = |code: &str| arguments.code.as_deref().is_none_or(|wanted| wanted == code);
    let found: Vec<(&str, &str)> = sections().filter(|(code, _)| meant(code)).collect();
    if arguments.json {
        let entry = |(code, text): &(&str, &str)| json!({ "code": code, "text": text.trim() });
        context.terminal.json(&found.iter().map(entry).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (code, section) in found {
        match arguments.list {
            true => text.push_str(&format!("{code}\n")),
            false => text.push_str(&format!(
                "{code}\n\n{}\n",
                section.trim().replace("```text\n", "").replace("\n```", "")
            )),
        }
    }
    context.terminal.print(&text)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_text() {
        assert!(codes().len() > 100, "{}", codes().len());
        assert!(sections().all(|(code, text)| code.contains("::") && !text.trim().is_empty()));
    }
}
