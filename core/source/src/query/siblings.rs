//! What a list of siblings in a pattern costs tree-sitter's analysis.

/// What a step weighs that may match any node, against one that names a kind of node.
const ANY: u64 = 4;

/// What each list of siblings costs at least: the walk begins in every parse state where its parent can.
const LIST: u64 = 20;

/// What each step costs with which a pattern may begin inside a node that the pattern does not name: a walk
/// through every hidden symbol of the grammar.
const LOOSE_STEP: u64 = 30;

/// Siblings in a row, as far as they were read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Siblings {
    /// The most that can stand side by side.
    pub positions: u64,
    /// All steps, those of every branch included.
    pub steps: u64,
    /// The steps by how many nodes they may match: [`ANY`] for what matches all, 1 for what names a node.
    pub weight: u64,
    /// Those that may be left out.
    pub skips: u64,
    /// Whether all of them may be left out, as tree-sitter follows them: of branches it asks the last.
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

    /// What the list costs, where a pattern that is `loose` may begin inside of it.
    pub fn cost(self, loose: bool) -> u64 {
        let loose = if loose { self.steps.saturating_mul(LOOSE_STEP) } else { 0 };
        self.walk().saturating_add(LIST).saturating_add(loose)
    }

    /// Measured on the grammars of nine languages, with the nodes of each that are worst: the cost grows with
    /// the square of the steps, of which one that names a node counts a quarter, by half with each position, and with
    /// each part that may be left out.
    fn walk(self) -> u64 {
        let growth = 1_u64.checked_shl(u32::try_from(self.positions / 2).unwrap_or(u32::MAX));
        let growth = growth.unwrap_or(u64::MAX).saturating_mul(if self.positions % 2 == 1 { 3 } else { 2 });
        let squared = self.weight.saturating_mul(self.weight).div_ceil(ANY * ANY);
        squared.saturating_mul(growth / 2).saturating_mul(self.skips + 1)
    }
}
