use std::ffi::c_void;
use std::sync::Arc;

use super::host::Service;
use crate::manifest::Manifest;

/// What a native instance and its host keep of each other.
pub(super) struct Instance {
    pub(super) pointer: *mut c_void,
    pub(super) service: Service,
    /// A panicked instance is never called again, not even to free it.
    pub(super) poisoned: bool,
    pub(super) manifest: Arc<Manifest>,
}

// SAFETY: instances are `Send` by the author's trait, and one worker calls one at a time.
unsafe impl Send for Instance {}
