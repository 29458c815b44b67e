use std::sync::Arc;

use codetune_plugin::{BackendInstance, CallError, TensorHost};

/// Opens a training backend for the text of a `config.json` and a host.
pub type OpenBackend<'a> =
    &'a dyn Fn(&str, Arc<dyn TensorHost>) -> std::result::Result<Box<dyn BackendInstance>, CallError>;
