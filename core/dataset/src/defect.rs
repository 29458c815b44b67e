//! What is wrong with a rule's expression.

/// A defect, at a node of the expression.
pub(super) struct Defect {
    pub(super) node: u64,
    pub(super) cause: String,
}
