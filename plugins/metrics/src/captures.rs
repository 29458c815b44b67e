use codetune_plugin_sdk::Captures;

/// What the queries in `queries/` capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A function or method with a body.
    Function,
    /// What is a function with a body if it is given a name: in C, types after a macro look like one.
    Definition,
    /// Its name: the same match's function, or else the innermost that has none yet.
    FunctionName,
    /// Its name before the first parenthesis: that of a conversion.
    FunctionCast,
    /// Its name, unless it is in another function, where a macro with a block looks the same.
    FunctionMacro,
    /// The type that a function belongs to without being in it: of the same match's function.
    FunctionOwner,
    /// Where parameters end.
    FunctionBody,
    /// The word that makes the innermost function asynchronous.
    FunctionAsync,
    /// A parameter of the innermost function, unless it is in the body.
    Parameter,
    /// A function without a name: it nests, and what it holds counts to the function around it.
    Closure,
    /// A type.
    Class,
    /// Its name.
    ClassName,
    /// Something that gives its name to the functions in it and is not counted.
    Scope,
    /// Its name.
    ScopeName,
    /// An import declaration.
    Import,
    /// What the import of the same match imports.
    ImportSource,
    /// The name of a called function: an import where it is `require`.
    ImportCall,
    /// One more path, and nests.
    Branch,
    /// Nests, without a path of its own.
    Nest,
    /// The `if` of an `else if`: a path that neither nests nor counts again.
    Chained,
    /// An `else` or `elif`.
    Else,
    /// One more path that does not nest.
    Decision,
    /// The pattern of an arm: one more path unless it is `_`.
    Case,
    /// A boolean expression.
    Boolean,
    /// Its operator.
    BooleanOperator,
    /// A jump to a label.
    Jump,
    /// A part in which only comments and syntax errors count.
    Aside,
    /// A comment or documentation string.
    Comment,
    /// What the grammar could not parse.
    SyntaxError,
    /// A capture that only the query itself uses.
    Other,
}

impl Kind {
    /// The kinds of all captures, by their name's index.
    pub fn all(captures: &Captures) -> Vec<Kind> {
        captures.names.iter().map(|name| Kind::of(name)).collect()
    }

    fn of(name: &str) -> Kind {
        match name {
            "function" => Kind::Function,
            "definition" => Kind::Definition,
            "function.name" => Kind::FunctionName,
            "function.owner" => Kind::FunctionOwner,
            "function.cast" => Kind::FunctionCast,
            "function.macro" => Kind::FunctionMacro,
            "function.body" => Kind::FunctionBody,
            "function.async" => Kind::FunctionAsync,
            "parameter" => Kind::Parameter,
            "closure" => Kind::Closure,
            "class" => Kind::Class,
            "class.name" => Kind::ClassName,
            "scope" => Kind::Scope,
            "scope.name" => Kind::ScopeName,
            "import" => Kind::Import,
            "import.source" => Kind::ImportSource,
            "import.call" => Kind::ImportCall,
            "branch" => Kind::Branch,
            "nest" => Kind::Nest,
            "chained" => Kind::Chained,
            "else" => Kind::Else,
            "decision" => Kind::Decision,
            "case" => Kind::Case,
            "boolean" => Kind::Boolean,
            "boolean.operator" => Kind::BooleanOperator,
            "jump" => Kind::Jump,
            "aside" => Kind::Aside,
            "comment" => Kind::Comment,
            "error" => Kind::SyntaxError,
            _ => Kind::Other,
        }
    }
}
