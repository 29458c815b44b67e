use std::path::PathBuf;

use codetune_core::validate::SEED;

use crate::bounds::{ValueError, whole};

const EXAMPLES: &str = "\
Examples:
  codetune quickstart                     Use the code in the current directory
  codetune quickstart ~/src/project       Use other code
  codetune quickstart . --minutes 10      Train longer

Writes only to the --out directory, the run database and the cache.";

/// Arguments of `quickstart`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Directory with source code.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Write results to this directory; results of an earlier quickstart are moved aside.
    #[arg(long, value_name = "DIR", default_value = "codetune-quickstart")]
    pub out: PathBuf,
    /// Training time in minutes: three fifths for the base model, the rest for fine-tuning.
    #[arg(long, value_name = "N", default_value_t = 3.0, value_parser = minutes)]
    pub minutes: f64,
    /// Random seed.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u64>(&SEED))]
    pub seed: u64,
}

fn minutes(text: &str) -> Result<f64, ValueError> {
    match text.parse::<f64>() {
        Ok(minutes) if (0.05..=10_000.0).contains(&minutes) => Ok(minutes),
        _ => Err(ValueError::new("a number from 0.05 to 10000")),
    }
}
