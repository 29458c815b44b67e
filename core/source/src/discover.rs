//! Which files there are to read, in an order that is always the same.

use std::sync::Arc;

use super::globs::Globs;
use super::inputs::{Resolved, What};
use super::settle::Seen;
use super::sizes::MAX_BYTES_CEILING;
use super::walk::walk;
use super::{DiscoverOptions, Discovery, Inputs, SkipReason, SourceError};

/// Finds the files of a directory, or of several inputs.
///
/// Ignore files are obeyed within a directory, and above it up to the top of the repository that holds it, where
/// git's own settings count too. A file that is named itself is never ignored, hidden or not. Links are not
/// followed, except those that are named. A file that is found twice counts once.
///
/// # Errors
/// [`SourceError`] when an input is not there, or an option cannot be used.
pub fn discover(inputs: impl Into<Inputs>, options: &DiscoverOptions) -> Result<Discovery, SourceError> {
    if !(1..=MAX_BYTES_CEILING).contains(&options.max_bytes) {
        return Err(SourceError::MaxBytes { given: options.max_bytes, ceiling: MAX_BYTES_CEILING });
    }
    let globs = Arc::new(Globs::new(&options.include, &options.exclude)?);
    let Resolved { root, scope, named } = inputs.into().resolve()?;
    let mut discovery = Discovery { root, scope, ..Discovery::default() };
    for named in named {
        let (relative, absolute) = (&*named.relative, &*named.absolute);
        let size = match named.what {
            What::Folder if globs.enters_named(relative) => {
                walk(absolute, relative, options, &globs, &mut discovery)?;
                continue;
            }
            What::Folder => continue,
            _ if !globs.names(relative) => continue,
            What::Text(content) => {
                discovery.settle_text(relative, absolute, content, options);
                continue;
            }
            What::File(bytes) => Ok(bytes),
            What::Dangling => Err(SkipReason::Symlink),
        };
        discovery.settle(Seen { relative, absolute, size, hidden: false }, options);
    }
    discovery.files.sort_by(|a, b| (&a.path, a.extra).cmp(&(&b.path, b.extra)));
    discovery.files.dedup_by(|later, first| later.path == first.path);
    discovery.skipped.sort_by(|a, b| (&a.path, a.extra).cmp(&(&b.path, b.extra)));
    discovery.skipped.dedup_by(|later, first| later.path == first.path);
    discovery.warnings.sort_unstable();
    discovery.warnings.dedup();
    Ok(discovery)
}

#[cfg(test)]
mod tests;
