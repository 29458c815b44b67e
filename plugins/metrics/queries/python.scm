(function_definition name: (_) @function.name body: (_) @function.body) @function
(function_definition "async" @function.async)
(function_definition parameters: (parameters
  [(identifier) (default_parameter) (typed_parameter) (typed_default_parameter)
   (list_splat_pattern) (dictionary_splat_pattern) (tuple_pattern)] @parameter))
(lambda) @closure
; A decorator, which holds but the function that it returns.
(function_definition body: (block . (comment)*
  . [(function_definition) (decorated_definition definition: (function_definition))]
  . (comment)* . (return_statement) . (comment)* .)) @function.decorator
(function_definition body: (block . (comment)* . (expression_statement (string)) . (comment)*
  . [(function_definition) (decorated_definition definition: (function_definition))]
  . (comment)* . (return_statement) . (comment)* .)) @function.decorator
(call function: [(identifier) (attribute object: (identifier))] @call)

(class_definition name: (_) @class.name) @class

(import_statement) @import
(import_from_statement module_name: (_) @import.source) @import
(future_import_statement) @import

(if_statement) @branch
(elif_clause "elif" @decision @else)
(if_statement (else_clause "else" @else))
(for_statement (else_clause "else" @else))
(while_statement (else_clause "else" @else))
(while_statement) @branch
(for_statement) @branch
(except_clause) @branch
(conditional_expression) @branch
(match_statement) @nest
(case_clause . (case_pattern) @case)
(if_clause "if" @decision)
(for_in_clause "for" @decision)
(boolean_operator) @binary
["and" "or"] @boolean.operator

(comment) @comment
; Strings that are formatted or hold bytes document nothing.
((module . (comment)* . (expression_statement (string . (string_start) @_start) @comment))
  (#not-match? @_start "[bBfFtT]"))
((class_definition body:
  (block . (comment)* . (expression_statement (string . (string_start) @_start) @comment)))
  (#not-match? @_start "[bBfFtT]"))
((function_definition body:
  (block . (comment)* . (expression_statement (string . (string_start) @_start) @comment)))
  (#not-match? @_start "[bBfFtT]"))
