use crate::abi;

/// A plugin linked into the host. [`crate::export!`] registers one for each plugin crate with `inventory`.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// The table that the crate also exports as a dynamic library.
    pub plugin: &'static abi::Plugin,
    /// The manifest in TOML.
    pub manifest: &'static str,
}

inventory::collect!(Builtin);

impl Builtin {
    /// All plugins linked into this program, in no particular order.
    pub fn all() -> impl Iterator<Item = &'static Builtin> {
        inventory::iter::<Builtin>.into_iter()
    }
}
