use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use codetune_plugin_sdk::{Capture, Captures};

use crate::boolean::{BooleanNode, sequence_starts};
use crate::captures::Kind;
use crate::language::Language;
use crate::qualified::qualified;

/// Complexity of a function, or of the code outside functions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Complexity {
    /// Decision points: McCabe's complexity less one.
    pub decisions: usize,
    pub cognitive: usize,
    pub nesting: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Function {
    /// Qualified by what the function is in.
    pub name: Rc<str>,
    pub name_span: Option<Range<usize>>,
    pub span: Range<usize>,
    pub is_async: bool,
    pub parameters: usize,
    pub complexity: Complexity,
    /// Where the body starts, once seen.
    body: Option<usize>,
    /// Where the last parameter ends: parameters in it are not the function's.
    parameter_end: usize,
}

/// What the captures of a file say.
#[derive(Debug, Default)]
pub(crate) struct Structure {
    /// By start.
    pub functions: Vec<Function>,
    /// Code outside functions.
    pub outside: Complexity,
    pub classes: usize,
    pub imports: usize,
    pub relative_imports: usize,
    pub syntax_errors: usize,
    /// By start.
    pub comments: Vec<Range<usize>>,
}

/// A node around the one at hand.
#[derive(Clone, Default)]
struct Frame {
    end: usize,
    function: Option<usize>,
    /// Where a function starts whose name is still to come.
    unnamed: Option<usize>,
    /// Structures and closures around, within the function: what cognitive complexity adds.
    weight: usize,
    /// Structures around, within the function.
    nesting: usize,
    /// Names around, joined.
    scope: Rc<str>,
}

/// Reads the structure of `text` off its captures, which are in order of start, longest first.
pub(crate) fn structure(text: &str, language: &Language, captures: &Captures) -> Structure {
    let index = Index::new(text, captures);
    let mut walk = Walk {
        text,
        language,
        index: &index,
        result: Structure::default(),
        frames: vec![Frame::default()],
        aside: 0,
    };
    let mut previous = None;
    for capture in &captures.items {
        let kind = index.kind(capture);
        // Several patterns may capture one node as the same thing.
        if previous != Some((kind, capture.start, capture.end)) {
            walk.visit(kind, capture);
        }
        previous = Some((kind, capture.start, capture.end));
    }
    walk.result
}

/// What has to be known of a node before its turn comes.
struct Index {
    kinds: Vec<Kind>,
    /// The name that a match gives to its function, class or scope.
    names: HashMap<u32, Range<usize>>,
    /// The type that a match says a function belongs to.
    owners: HashMap<u32, Range<usize>>,
    /// The source that a match imports.
    sources: HashMap<u32, Range<usize>>,
    functions: HashSet<(u32, u32)>,
    chained: HashSet<(u32, u32)>,
    sequence_starts: HashSet<usize>,
}

impl Index {
    fn new(text: &str, captures: &Captures) -> Index {
        let mut index = Index {
            kinds: Kind::all(captures),
            names: HashMap::new(),
            owners: HashMap::new(),
            sources: HashMap::new(),
            functions: HashSet::new(),
            chained: HashSet::new(),
            sequence_starts: HashSet::new(),
        };
        let mut booleans: HashMap<u32, Range<usize>> = HashMap::new();
        let (mut nodes, mut comments) = (Vec::new(), Vec::new());
        for capture in &captures.items {
            let node = (capture.start, capture.end);
            match index.kind(capture) {
                Kind::FunctionName | Kind::ClassName | Kind::ScopeName => {
                    index.names.insert(capture.match_id, capture.span());
                }
                Kind::FunctionOwner => {
                    index.owners.insert(capture.match_id, capture.span());
                }
                Kind::ImportSource => {
                    index.sources.insert(capture.match_id, capture.span());
                }
                Kind::Function => {
                    index.functions.insert(node);
                }
                Kind::Chained => {
                    index.chained.insert(node);
                }
                Kind::Boolean => {
                    booleans.insert(capture.match_id, capture.span());
                }
                Kind::BooleanOperator => {
                    // The expression starts before its operator, so its capture came before.
                    if let Some(span) = booleans.get(&capture.match_id) {
                        nodes.push(BooleanNode { span: span.clone(), operator: capture.span() });
                    }
                }
                Kind::Comment => comments.push(trimmed(text, capture.span())),
                _ => {}
            }
        }
        index.sequence_starts = sequence_starts(text, nodes, &comments);
        index
    }

    fn kind(&self, capture: &Capture) -> Kind {
        self.kinds.get(capture.name as usize).copied().unwrap_or(Kind::Other)
    }
}

struct Walk<'a> {
    text: &'a str,
    language: &'a Language,
    index: &'a Index,
    result: Structure,
    frames: Vec<Frame>,
    /// Where what is set aside ends.
    aside: usize,
}

impl Walk<'_> {
    fn visit(&mut self, kind: Kind, capture: &Capture) {
        let span = capture.span();
        if span.start < self.aside && !matches!(kind, Kind::Comment | Kind::SyntaxError) {
            return;
        }
        while self.frames.len() > 1 && self.frames.last().is_some_and(|frame| frame.end <= span.start) {
            self.frames.pop();
        }
        let node = (capture.start, capture.end);
        match kind {
            Kind::Function => self.enter_function(capture),
            Kind::Definition => self.enter(span.clone(), |frame| frame.unnamed = Some(span.start)),
            Kind::FunctionName => self.name_function(span),
            Kind::FunctionCast => self.name_function(self.before_parenthesis(span)),
            Kind::FunctionMacro if self.function().is_none() => self.name_function(span),
            Kind::FunctionBody => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.unnamed = None;
                }
                if let Some(function) = self.function() {
                    function.body.get_or_insert(span.start);
                }
            }
            Kind::FunctionAsync => {
                if let Some(function) = self.function().filter(|function| function.body.is_none()) {
                    function.is_async = true;
                }
            }
            Kind::Parameter => self.parameter(span),
            Kind::Closure if !self.index.functions.contains(&node) => {
                self.enter(span, |frame| frame.weight += 1);
            }
            Kind::Class | Kind::Scope => {
                self.result.classes += usize::from(kind == Kind::Class);
                self.enter_scope(capture);
            }
            Kind::Import => {
                self.result.imports += 1;
                if let Some(source) = self.index.sources.get(&capture.match_id) {
                    self.result.relative_imports += usize::from(self.is_relative(source));
                }
            }
            Kind::ImportCall if self.text.get(span.clone()) == Some("require") => {
                self.result.imports += 1;
                if let Some(source) = self.index.sources.get(&capture.match_id) {
                    self.result.relative_imports += usize::from(self.is_relative(source));
                }
            }
            Kind::Branch if self.index.chained.contains(&node) => self.complexity().decisions += 1,
            Kind::Branch => {
                self.complexity().decisions += 1;
                self.enter_structure(span);
            }
            Kind::Nest => self.enter_structure(span),
            Kind::Else | Kind::Jump => self.complexity().cognitive += 1,
            Kind::Decision => self.complexity().decisions += 1,
            Kind::Case if !self.is_wildcard(&span) => self.complexity().decisions += 1,
            Kind::BooleanOperator => {
                let begins = self.index.sequence_starts.contains(&span.start);
                let complexity = self.complexity();
                complexity.decisions += 1;
                complexity.cognitive += usize::from(begins);
            }
            Kind::Aside => self.aside = span.end,
            Kind::Comment => self.result.comments.push(trimmed(self.text, span)),
            Kind::SyntaxError => self.result.syntax_errors += 1,
            _ => {}
        }
    }

    fn enter(&mut self, span: Range<usize>, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = self.frames.last() {
            let mut frame = Frame { end: span.end, unnamed: None, ..frame.clone() };
            change(&mut frame);
            self.frames.push(frame);
        }
    }

    /// Enters a branch, a loop or a switch.
    fn enter_structure(&mut self, span: Range<usize>) {
        let (weight, nesting) = self.frames.last().map_or((0, 0), |frame| (frame.weight, frame.nesting));
        let complexity = self.complexity();
        complexity.cognitive += 1 + weight;
        complexity.nesting = complexity.nesting.max(nesting + 1);
        self.enter(span, |frame| {
            frame.weight += 1;
            frame.nesting += 1;
        });
    }

    fn enter_scope(&mut self, capture: &Capture) {
        let name = self.index.names.get(&capture.match_id).and_then(|span| self.text.get(span.clone()));
        // Of `Stack<T>` only the name.
        let name = name.and_then(|name| name.split('<').next()).unwrap_or_default();
        let scope = self.qualified(name);
        self.enter(capture.span(), |frame| frame.scope = scope);
    }

    fn enter_function(&mut self, capture: &Capture) {
        self.enter(capture.span(), |_| {});
        self.begin_function(capture.span());
        if let Some(owner) = self.index.owners.get(&capture.match_id) {
            let scope = self.qualified(self.text.get(owner.clone()).unwrap_or_default());
            if let Some(frame) = self.frames.last_mut() {
                frame.scope = scope;
            }
        }
        if let Some(name) = self.index.names.get(&capture.match_id) {
            self.name_function(name.clone());
        }
    }

    /// Makes the node at hand a function.
    fn begin_function(&mut self, span: Range<usize>) {
        let index = self.result.functions.len();
        self.result.functions.push(Function { span, ..Function::default() });
        if let Some(frame) = self.frames.last_mut() {
            *frame = Frame { function: Some(index), unnamed: None, weight: 0, nesting: 0, ..frame.clone() };
        }
    }

    /// Names the innermost function, if it has no name and `span` is not in its body.
    fn name_function(&mut self, span: Range<usize>) {
        if let Some(Frame { unnamed: Some(start), end, .. }) = self.frames.last() {
            self.begin_function(*start..*end);
        }
        let name = self.qualified(self.text.get(span.clone()).unwrap_or_default());
        let Some(function) = self.function().filter(|f| f.name_span.is_none() && f.body.is_none()) else {
            return;
        };
        function.name = name.clone();
        function.name_span = Some(span);
        if let Some(frame) = self.frames.last_mut() {
            frame.scope = name;
        }
    }

    fn before_parenthesis(&self, span: Range<usize>) -> Range<usize> {
        let name = self.text.get(span.clone()).and_then(|text| text.split('(').next());
        span.start..name.map_or(span.end, |name| span.start + name.trim_end().len())
    }

    fn parameter(&mut self, span: Range<usize>) {
        // C's way to say that there is none.
        let none = self.text.get(span.clone()) == Some("void");
        let declares = |f: &&mut Function| f.body.is_none() && f.parameter_end <= span.start && !none;
        if let Some(function) = self.function().filter(declares) {
            function.parameters += 1;
            function.parameter_end = span.end;
        }
    }

    fn qualified(&self, name: &str) -> Rc<str> {
        let scope = self.frames.last().map_or("", |frame| &*frame.scope);
        qualified(scope, self.language.separator, name).into()
    }

    fn function(&mut self) -> Option<&mut Function> {
        let index = self.frames.last()?.function?;
        self.result.functions.get_mut(index)
    }

    /// Where the code at hand counts.
    fn complexity(&mut self) -> &mut Complexity {
        let index = self.frames.last().and_then(|frame| frame.function);
        match index.and_then(|index| self.result.functions.get_mut(index)) {
            Some(function) => &mut function.complexity,
            None => &mut self.result.outside,
        }
    }

    fn is_relative(&self, source: &Range<usize>) -> bool {
        self.text.get(source.clone()).is_some_and(|source| self.language.is_relative(source))
    }

    /// A guard counts for itself.
    fn is_wildcard(&self, pattern: &Range<usize>) -> bool {
        self.text.get(pattern.clone()).is_some_and(|text| text.split_whitespace().next() == Some("_"))
    }
}

/// Some grammars count the newline to a comment.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let length = text.get(span.clone()).map_or(span.len(), |text| text.trim_end().len());
    span.start..span.start + length
}
