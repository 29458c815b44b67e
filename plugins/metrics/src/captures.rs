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
    /// The name that a function expression has for itself, and which stands where nothing else names it.
    FunctionOwn,
    /// What a method calls the value that it is called on.
    FunctionReceiver,
    /// The same node is a function that is called on a value, and never by its name alone.
    FunctionMethod,
    /// The same node is a function that holds nothing but another one, which it returns.
    FunctionDecorator,
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
    /// The same node is a closure with a body of statements, which is a function where it is in none.
    Lambda,
    /// Where that body starts.
    LambdaBody,
    /// What names the function that [`Kind::SlotValue`] of the same match is.
    SlotName,
    /// The same for a property, which is called on a value.
    SlotProperty,
    /// A value that takes its name from what it is assigned to.
    SlotValue,
    /// The arguments of a call.
    Arguments,
    /// The name, or the path to it, of a called function.
    Call,
    /// Where the path to the name of the same match starts.
    CallPath,
    /// A type.
    Class,
    /// Its name.
    ClassName,
    /// More of a type: gives its name to the functions in it and is not counted.
    Implementation,
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
    /// The pattern of an arm: one more path unless everything matches it.
    Case,
    /// An expression of two operands, whatever joins them.
    Binary,
    /// An operator that may leave its second operand out: of the innermost expression around it.
    BooleanOperator,
    /// What starts like such an operator and is none.
    Reference,
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
            "function.own" => Kind::FunctionOwn,
            "function.receiver" => Kind::FunctionReceiver,
            "function.method" => Kind::FunctionMethod,
            "function.decorator" => Kind::FunctionDecorator,
            "function.async" => Kind::FunctionAsync,
            "parameter" => Kind::Parameter,
            "closure" => Kind::Closure,
            "lambda" => Kind::Lambda,
            "lambda.body" => Kind::LambdaBody,
            "slot.name" => Kind::SlotName,
            "slot.property" => Kind::SlotProperty,
            "slot.value" => Kind::SlotValue,
            "arguments" => Kind::Arguments,
            "call" => Kind::Call,
            "call.path" => Kind::CallPath,
            "class" => Kind::Class,
            "class.name" => Kind::ClassName,
            "implementation" => Kind::Implementation,
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
            "binary" => Kind::Binary,
            "reference" => Kind::Reference,
            "boolean.operator" => Kind::BooleanOperator,
            "jump" => Kind::Jump,
            "aside" => Kind::Aside,
            "comment" => Kind::Comment,
            "error" => Kind::SyntaxError,
            _ => Kind::Other,
        }
    }
}
