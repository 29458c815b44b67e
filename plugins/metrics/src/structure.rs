use std::ops::Range;
use std::rc::Rc;

use codetune_plugin_sdk::{Capture, Captures};

use crate::captures::Kind;
use crate::function::{Complexity, Function, Outer};
use crate::index::{Index, trimmed};
use crate::language::Language;
use crate::qualified::{assigned, path_before, qualified};
use crate::recursion::Call;

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
    /// What the grammar could not parse, by start; empty where it missed a token.
    pub syntax_errors: Vec<Range<usize>>,
    /// By start.
    pub comments: Vec<Range<usize>>,
    /// From within functions.
    pub calls: Vec<Call>,
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
    /// Those up to the innermost type.
    owner: Option<Rc<str>>,
    /// A value that is given a name.
    slot: Option<Slot>,
    /// Where the arguments of a call start.
    arguments: Option<usize>,
}

#[derive(Clone)]
struct Slot {
    start: usize,
    name: Range<usize>,
    property: bool,
}

/// Reads the structure of `text` off its captures, which are in order of start, longest first.
pub(crate) fn structure(text: &str, language: &Language, captures: &Captures) -> Structure {
    let index = Index::new(text, language, captures);
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

struct Walk<'a> {
    text: &'a str,
    language: &'a Language,
    index: &'a Index<'a>,
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
            Kind::FunctionReceiver => {
                if let Some(function) = self.function() {
                    function.receiver = Some(span);
                }
            }
            Kind::Parameter => self.parameter(span),
            Kind::Closure if self.index.lambdas.contains(&node) && self.function().is_none() => {
                self.enter_function(capture);
            }
            Kind::Closure => self.enter(span, |frame| frame.weight += 1),
            Kind::LambdaBody => {
                if let Some(function) = self.function().filter(|function| function.span.end == span.end) {
                    function.body.get_or_insert(span.start);
                }
            }
            Kind::SlotValue => {
                if let Some((name, property)) = self.index.slots.get(&capture.match_id).cloned() {
                    self.enter(span.clone(), |frame| {
                        frame.slot = Some(Slot { start: span.start, name, property });
                        frame.arguments = None;
                    });
                }
            }
            Kind::Arguments => self.enter(span.clone(), |frame| {
                frame.arguments = Some(span.start);
                frame.slot = None;
            }),
            Kind::Call => {
                let start = self.index.call_paths.get(&capture.match_id).copied().unwrap_or(span.start);
                if let Some(caller) = self.frames.last().and_then(|frame| frame.function) {
                    self.result.calls.push(Call { caller, path: start..span.end });
                }
            }
            Kind::Class | Kind::Implementation | Kind::Scope => {
                self.result.classes += usize::from(kind == Kind::Class);
                self.enter_scope(capture);
            }
            Kind::Import => self.import(capture),
            Kind::ImportCall if self.text.get(span.clone()) == Some("require") => self.import(capture),
            Kind::Branch if self.index.chained.contains(&node) => self.complexity().decisions += 1,
            Kind::Branch => {
                self.complexity().decisions += 1;
                self.enter_structure(span);
            }
            Kind::Nest => self.enter_structure(span),
            Kind::Else | Kind::Jump => self.complexity().cognitive += 1,
            Kind::Decision => self.complexity().decisions += 1,
            Kind::Case if !self.catches_all(&span) => self.complexity().decisions += 1,
            Kind::BooleanOperator if self.index.boolean_operators.contains(&span.start) => {
                let begins = self.index.sequence_starts.contains(&span.start);
                let complexity = self.complexity();
                complexity.decisions += 1;
                complexity.cognitive += usize::from(begins);
            }
            Kind::Aside => self.aside = span.end,
            Kind::Comment => self.result.comments.push(trimmed(self.text, span)),
            Kind::SyntaxError => self.result.syntax_errors.push(span),
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
        complexity.structures += 1;
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
        let is_type = self.index.kind(capture) != Kind::Scope;
        self.enter(capture.span(), |frame| {
            if is_type {
                frame.owner = Some(scope.clone());
            }
            frame.scope = scope;
            frame.slot = None;
            frame.arguments = None;
        });
    }

    fn enter_function(&mut self, capture: &Capture) {
        let span = capture.span();
        let around = self.frames.last().cloned().unwrap_or_default();
        self.enter(span.clone(), |_| {});
        self.begin_function(span.clone());
        if let Some(owner) = self.index.owners.get(&capture.match_id) {
            let scope = self.qualified(self.text.get(owner.clone()).unwrap_or_default());
            if let Some(frame) = self.frames.last_mut() {
                (frame.scope, frame.owner) = (scope.clone(), Some(scope.clone()));
            }
            if let Some(function) = self.function() {
                (function.owner, function.method) = (Some(scope), true);
            }
        }
        let method = self.index.methods.contains(&(capture.start, capture.end));
        if let Some(function) = self.function() {
            function.method |= method;
        }
        if let Some(name) = self.index.names.get(&capture.match_id) {
            self.name_function(name.clone());
        } else {
            self.name_expression(&around, capture);
        }
    }

    /// Names a function that is a value, by the rules of ECMAScript where there are some: what it is assigned to, also
    /// in parentheses ("NamedEvaluation"), or else its own name. One that is passed on is told by whom it is passed to.
    fn name_expression(&mut self, around: &Frame, capture: &Capture) {
        let start = capture.start as usize;
        let lambda = self.index.lambdas.contains(&(capture.start, capture.end));
        let is_value = |slot: &&Slot| lambda || self.index.gaps.left_of(start, slot.start) == slot.start;
        if let Some(slot) = around.slot.as_ref().filter(is_value) {
            let name = assigned(self.text.get(slot.name.clone()).unwrap_or_default());
            self.give_name(name, Some(slot.name.clone()));
            if let Some(function) = self.function() {
                function.method |= slot.property;
            }
        } else if let Some(name) = self.index.own_names.get(&capture.match_id) {
            self.name_function(name.clone());
        } else if let Some(arguments) = around.arguments {
            let before = self.text.get(..arguments).unwrap_or_default();
            let name = format!("{}(callback)", path_before(before));
            self.give_name(&name, None);
        } else {
            self.give_name("(anonymous)", None);
        }
    }

    /// Makes the node at hand a function.
    fn begin_function(&mut self, span: Range<usize>) {
        let index = self.result.functions.len();
        let Some(frame) = self.frames.last_mut() else { return };
        let outer = frame.function.map(|function| Outer { function, weight: frame.weight + 1 });
        let node = (span.start as u32, span.end as u32);
        self.result.functions.push(Function {
            outer,
            owner: frame.owner.clone(),
            method: frame.owner.as_ref().is_some_and(|owner| *owner == frame.scope),
            decorator: self.index.decorators.contains(&node),
            span,
            ..Function::default()
        });
        *frame = Frame {
            function: Some(index),
            unnamed: None,
            weight: 0,
            nesting: 0,
            slot: None,
            arguments: None,
            ..frame.clone()
        };
    }

    /// Names the innermost function, if it has no name and `span` is not in its body.
    fn name_function(&mut self, span: Range<usize>) {
        if let Some(Frame { unnamed: Some(start), end, .. }) = self.frames.last() {
            self.begin_function(*start..*end);
        }
        let name = self.text.get(span.clone()).unwrap_or_default();
        self.give_name(name, Some(span));
    }

    fn give_name(&mut self, name: &str, span: Option<Range<usize>>) {
        let name = self.qualified(name);
        let Some(function) = self.function().filter(|f| f.name.is_empty() && f.body.is_none()) else {
            return;
        };
        function.name = name.clone();
        function.name_span = span;
        if let Some(frame) = self.frames.last_mut() {
            frame.scope = name;
        }
    }

    fn before_parenthesis(&self, span: Range<usize>) -> Range<usize> {
        let name = self.text.get(span.clone()).and_then(|text| text.split('(').next());
        span.start..name.map_or(span.end, |name| span.start + name.trim_end().len())
    }

    fn parameter(&mut self, span: Range<usize>) {
        let text = self.text.get(span.clone()).unwrap_or_default();
        // C's way to say that there is none.
        let none = text == "void";
        let (variadic, optional) = (text.contains("..."), text.contains('='));
        let declares = |f: &&mut Function| f.body.is_none() && f.parameter_end <= span.start && !none;
        if let Some(function) = self.function().filter(declares) {
            function.parameters += 1;
            function.required += usize::from(!variadic && !optional);
            function.variadic |= variadic;
            function.parameter_end = span.end;
        }
    }

    fn import(&mut self, capture: &Capture) {
        self.result.imports += 1;
        let source =
            self.index.sources.get(&capture.match_id).and_then(|source| self.text.get(source.clone()));
        let relative = source.is_some_and(|source| self.language.is_relative(source));
        self.result.relative_imports += usize::from(relative);
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

    /// A guard counts for itself. Behind a comma it is but the first of several patterns.
    fn catches_all(&self, pattern: &Range<usize>) -> bool {
        let after = self.index.gaps.right_of(pattern.end, self.text.len());
        let several = self.text.get(after..).is_some_and(|after| after.starts_with(','));
        !several && self.text.get(pattern.clone()).is_some_and(|text| self.language.catches_all(text))
    }
}
