use std::ops::Range;
use std::rc::Rc;

/// Complexity of a function, or of the code outside functions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Complexity {
    /// Decision points: McCabe's complexity less one.
    pub decisions: usize,
    /// Cognitive complexity of the code itself, without the functions in it.
    pub cognitive: usize,
    /// Branches, loops and switches: what one more level of nesting around adds to `cognitive`.
    pub structures: usize,
    /// The deepest chain of those.
    pub nesting: usize,
}

/// Where a function is in another one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outer {
    /// The other one, by its place among the functions.
    pub function: usize,
    /// Levels of nesting there, the function itself included.
    pub weight: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Function {
    /// Qualified by what the function is in.
    pub name: Rc<str>,
    pub name_span: Option<Range<usize>>,
    pub span: Range<usize>,
    pub is_async: bool,
    /// Declared parameters.
    pub parameters: usize,
    /// Those of them that a call has to give.
    pub required: usize,
    /// Whether a call may give more.
    pub variadic: bool,
    pub complexity: Complexity,
    /// Cognitive complexity with what nested functions and recursion add.
    pub cognitive: usize,
    /// What it is nested in.
    pub outer: Option<Outer>,
    /// The qualified name of the type around.
    pub owner: Option<Rc<str>>,
    /// What it calls the value of that type.
    pub receiver: Option<Range<usize>>,
    /// Whether it is called on a value.
    pub method: bool,
    /// Whether it holds nothing but a function, which it returns.
    pub decorator: bool,
    /// Where the body starts, once seen.
    pub(super) body: Option<usize>,
    /// Where the last parameter ends: parameters in it are not the function's.
    pub(super) parameter_end: usize,
}

impl Function {
    /// McCabe's complexity.
    pub fn cyclomatic(&self) -> usize {
        1 + self.complexity.decisions
    }
}
