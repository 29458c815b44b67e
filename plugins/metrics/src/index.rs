use std::collections::{HashMap, HashSet};
use std::ops::Range;

use codetune_plugin_sdk::{Capture, Captures};

use crate::boolean::{boolean_nodes, sequence_starts};
use crate::captures::Kind;
use crate::gaps::Gaps;
use crate::language::Language;

/// A node, by where it starts and ends.
pub(crate) type Node = (u32, u32);

/// What has to be known of a node before its turn comes.
pub(crate) struct Index<'a> {
    kinds: Vec<Kind>,
    /// The name that a match gives to its function, class or scope.
    pub names: HashMap<u32, Range<usize>>,
    /// The name that a function expression has for itself.
    pub own_names: HashMap<u32, Range<usize>>,
    /// The name of a value that a match assigns, and whether it is a property.
    pub slots: HashMap<u32, (Range<usize>, bool)>,
    /// The type that a match says a function belongs to.
    pub owners: HashMap<u32, Range<usize>>,
    /// The source that a match imports.
    pub sources: HashMap<u32, Range<usize>>,
    /// Where the path to a called function starts.
    pub call_paths: HashMap<u32, usize>,
    pub methods: HashSet<Node>,
    pub decorators: HashSet<Node>,
    pub lambdas: HashSet<Node>,
    pub chained: HashSet<Node>,
    pub boolean_operators: HashSet<usize>,
    pub sequence_starts: HashSet<usize>,
    pub gaps: Gaps<'a>,
}

impl<'a> Index<'a> {
    pub fn new(text: &'a str, language: &Language, captures: &Captures) -> Index<'a> {
        let mut index = Index {
            kinds: Kind::all(captures),
            names: HashMap::new(),
            own_names: HashMap::new(),
            slots: HashMap::new(),
            owners: HashMap::new(),
            sources: HashMap::new(),
            call_paths: HashMap::new(),
            methods: HashSet::new(),
            decorators: HashSet::new(),
            lambdas: HashSet::new(),
            chained: HashSet::new(),
            boolean_operators: HashSet::new(),
            sequence_starts: HashSet::new(),
            gaps: Gaps::new(text, &[], false),
        };
        let (mut comments, mut references) = (Vec::new(), HashSet::new());
        let (mut expressions, mut operators) = (Vec::new(), Vec::new());
        for capture in &captures.items {
            let (node, span, id) = ((capture.start, capture.end), capture.span(), capture.match_id);
            match index.kind(capture) {
                Kind::FunctionName | Kind::ClassName | Kind::ScopeName => {
                    index.names.insert(id, span);
                }
                Kind::FunctionOwn => _ = index.own_names.insert(id, span),
                Kind::SlotName => _ = index.slots.insert(id, (span, false)),
                Kind::SlotProperty => _ = index.slots.insert(id, (span, true)),
                Kind::FunctionOwner => _ = index.owners.insert(id, span),
                Kind::ImportSource => _ = index.sources.insert(id, span),
                Kind::CallPath => _ = index.call_paths.insert(id, span.start),
                Kind::FunctionMethod => _ = index.methods.insert(node),
                Kind::FunctionDecorator => _ = index.decorators.insert(node),
                Kind::Lambda => _ = index.lambdas.insert(node),
                Kind::Chained => _ = index.chained.insert(node),
                Kind::Binary => expressions.push(span),
                Kind::BooleanOperator => operators.push(span),
                Kind::Reference => _ = references.insert(span.start),
                Kind::Comment => comments.push(trimmed(text, span)),
                _ => {}
            }
        }
        operators.retain(|operator| !references.contains(&operator.start));
        index.boolean_operators = operators.iter().map(|operator| operator.start).collect();
        index.gaps = Gaps::new(text, &comments, language.preprocessed);
        index.sequence_starts = sequence_starts(text, boolean_nodes(&expressions, operators), &index.gaps);
        index
    }

    pub fn kind(&self, capture: &Capture) -> Kind {
        self.kinds.get(capture.name as usize).copied().unwrap_or(Kind::Other)
    }
}

/// Some grammars count the newline to a comment.
pub(crate) fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let length = text.get(span.clone()).map_or(span.len(), |text| text.trim_end().len());
    span.start..span.start + length
}
