//! Discovers files in a fixed order.

use std::sync::Arc;

use super::discovery::Discovery;
use super::globs::Globs;
use super::inputs::{Inputs, Resolved, What};
use super::options::DiscoverOptions;
use super::settle::Seen;
use super::sizes::MAX_BYTES_CEILING;
use super::skip::SkipReason;
use super::source_error::SourceError;
use super::walk::walk;

/// Discovers the files of a directory or of several inputs.
///
/// Respects ignore files within the directory and above it up to the repository root, and git's own settings. Files
/// named explicitly are never ignored. Symbolic links are not followed unless they are named. Files found twice count
/// once.
///
/// # Errors
/// [`SourceError`] if an input does not exist or an option is invalid.
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
