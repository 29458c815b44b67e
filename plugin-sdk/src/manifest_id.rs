/// A rule in the plugin's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleId(pub(crate) u16);

/// An attribute in the plugin's manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeId(pub(crate) u16);
