use crate::abi;

/// A plugin that is linked into the host. [`crate::export!`] submits one for each plugin crate, and the host
/// finds them with `inventory`.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// The same table that the crate exports as a dynamic library.
    pub plugin: &'static abi::Plugin,
    /// The manifest, TOML.
    pub manifest: &'static str,
}

inventory::collect!(Builtin);

impl Builtin {
    /// Every plugin linked into this program, in no particular order.
    pub fn all() -> impl Iterator<Item = &'static Builtin> {
        inventory::iter::<Builtin>.into_iter()
    }
}
