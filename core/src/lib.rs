//! The core of codetune: everything but the command line.
//!
//! One module is one room, and data flows down this list; a room uses those above it and never those below.
//!
//! | room | what lives there |
//! |---|---|
//! | [`validate`] | one table of bounds and formats that every layer follows |
//! | [`files`] | files and folders that appear whole or not at all |
//! | [`plugin`] | manifests, the registry, the three carriers, limits, the compiled-component cache |
//! | [`source`] | discovering files, languages, decoding, syntax trees |
//! | [`analysis`] | running analyzers: batches, cache, findings, attributes, errors as values, SARIF |
//! | [`dataset`] | choosing, deduplicating, splitting, tokenising, fill-in-the-middle, packing, the token ledger |
//! | [`tensor`] | differentiable operations over candle with their backward passes |
//! | [`model`] | checkpoints in and out, adapters, generation |
//! | [`train`] | run files, the loop, schedule, optimizer, checkpoints and resume |
//! | [`store`] | runs, metrics and artifacts over sqlx |
//! | [`run`] | one training run, from its configuration to its record |

pub mod analysis;
pub mod dataset;
pub mod files;
pub mod model;
pub mod plugin;
pub mod run;
pub mod source;
pub mod store;
pub mod tensor;
pub mod train;
pub mod validate;
