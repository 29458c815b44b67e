//! The core of codetune: everything but the command line, under one name.
//!
//! Each module is a crate of its own below `core/`, so that a program which needs only some of them builds only
//! those. Data flows down this list; a crate uses those above it and never those below.
//!
//! | crate | what lives there |
//! |---|---|
//! | [`redact`] | text made fit for logs and messages: secrets hidden, control characters escaped |
//! | [`validate`] | one table of bounds and formats that every layer follows |
//! | [`files`] | files and folders that appear whole or not at all |
//! | [`blocking`] | blocking calls that may be made from async code too |
//! | [`plugin`] | manifests, the registry, the three runtimes, limits, the compiled-component cache |
//! | [`source`] | discovering files, languages, decoding, syntax trees |
//! | [`analysis`] | running analyzers: batches, cache, findings, attributes, errors as values, SARIF |
//! | [`dataset`] | choosing, deduplicating, splitting, tokenising, fill-in-the-middle, packing, the token ledger |
//! | [`tensor`] | differentiable operations over candle with their backward passes |
//! | [`model`] | checkpoints in and out, adapters, generation |
//! | [`train`] | run files, the loop, schedule, optimizer, checkpoints and resume |
//! | [`store`] | runs, metrics, artifacts and analyzers' answers over sqlx |
//! | [`run`] | one training run, from its configuration to its record |
#![deny(missing_docs)]

pub use codetune_analysis as analysis;
pub use codetune_blocking as blocking;
pub use codetune_dataset as dataset;
pub use codetune_files as files;
pub use codetune_model as model;
pub use codetune_plugin as plugin;
pub use codetune_redact as redact;
pub use codetune_run as run;
pub use codetune_source as source;
pub use codetune_store as store;
pub use codetune_tensor as tensor;
pub use codetune_train as train;
pub use codetune_validate as validate;
