//! The commands, one file each.

pub mod analyze;
pub mod completions;
pub mod dataset;
pub mod explain;
pub mod generate;
pub mod model;
pub mod plugin;
pub mod quickstart;
pub mod runs;
pub mod tokenizer;
pub mod train;
