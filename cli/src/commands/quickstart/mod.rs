//! `codetune quickstart`: the whole way on real code, a file for each stage.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// x
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// x
pub fn run(_: &Arguments, _: &Context) -> Result<Exit, Failure> { Ok(Exit::Done) }
