//! Training runs.

mod watch;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use codetune_core::run::{Session, Start, Trained};
use codetune_core::train::RunConfig;

use crate::allocator;
use crate::context::Context;
use crate::failure::Failure;

pub use watch::Watch;

/// Trains with the plugins and the database of this invocation.
///
/// # Errors
/// As [`Session::train`].
pub fn train(
    config: &RunConfig,
    start: &Start,
    context: &Context,
    watch: &mut Watch,
) -> Result<Trained, Failure> {
    allocator::keep_pages();
    let registry = context.registry_by(config.model.runtime)?;
    let session = Session {
        registry: &registry,
        store: Arc::new(context.store()?),
        stop: Arc::clone(&context.stop),
        runtimes_chosen: context.plugins.runtime.is_some(),
        memory: context.memory,
    };
    context.resumable.store(true, Ordering::SeqCst);
    let ended = session.train(config, start, watch);
    context.resumable.store(false, Ordering::SeqCst);
    watch.finish();
    Ok(ended?)
}
