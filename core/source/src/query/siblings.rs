//! The cost of a list of siblings in tree-sitter's query analysis.

/// The weight of a step that matches any node, relative to one that names a kind.
const ANY: u64 = 4;

/// The minimum cost of a list of siblings: the analysis starts in every parse state where the parent can occur.
const LIST: u64 = 20;

/// The cost of each step at which a pattern may start inside an unnamed node: the analysis visits every hidden symbol
/// of the grammar.
const LOOSE_STEP: u64 = 30;

/// A list of siblings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Siblings {
    /// The maximum number side by side.
    pub positions: u64,
    /// All steps, including those of every branch.
    pub steps: u64,
    /// The steps, weighted by how many nodes they may match: [`ANY`] for all, 1 for a named node.
    pub weight: u64,
    /// The optional ones.
    pub skips: u64,
    /// Whether all of them are optional, as tree-sitter sees it: of branches, it checks the last.
    pub may_be_none: bool,
}

impl Siblings {
    pub const NONE: Self = Siblings { positions: 0, steps: 0, weight: 0, skips: 0, may_be_none: true };

    /// A single node.
    pub fn one(any: bool) -> Self {
        let weight = if any { ANY } else { 1 };
        Siblings { positions: 1, steps: 1, weight, skips: 0, may_be_none: false }
    }

    pub fn then(self, next: Self) -> Self {
        Siblings {
            positions: self.positions + next.positions,
            steps: self.steps + next.steps,
            weight: self.weight + next.weight,
            skips: self.skips + next.skips,
            may_be_none: self.may_be_none && next.may_be_none,
        }
    }

    pub fn or(self, other: Self) -> Self {
        Siblings {
            positions: self.positions.max(other.positions),
            may_be_none: other.may_be_none,
            ..self.then(other)
        }
    }

    /// The cost of the list; `loose` if a pattern may start inside of it.
    pub fn cost(self, loose: bool) -> u64 {
        let loose = if loose { self.steps.saturating_mul(LOOSE_STEP) } else { 0 };
        self.walk().saturating_add(LIST).saturating_add(loose)
    }

    /// Measured on the grammars of nine languages, with the worst nodes of each: the cost grows with the square of the
    /// steps (named nodes count a quarter), by half with each position, and with each optional part.
    fn walk(self) -> u64 {
        let growth = 1_u64.checked_shl(u32::try_from(self.positions / 2).unwrap_or(u32::MAX));
        let growth = growth.unwrap_or(u64::MAX).saturating_mul(if self.positions % 2 == 1 { 3 } else { 2 });
        let squared = self.weight.saturating_mul(self.weight).div_ceil(ANY * ANY);
        squared.saturating_mul(growth / 2).saturating_mul(self.skips + 1)
    }
}
