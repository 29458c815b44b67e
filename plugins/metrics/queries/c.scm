(preproc_if condition: (_) @aside)
(preproc_elif condition: (_) @aside)

(function_definition body: (_) @function.body) @definition
(function_declarator declarator:
  [(identifier) @function.name (parenthesized_declarator (identifier) @function.name)])
(function_declarator declarator: [(identifier) (parenthesized_declarator (identifier))]
  parameters: (parameter_list (parameter_declaration) @parameter))

(struct_specifier name: (_) @class.name body: (_)) @class
(struct_specifier !name body: (_)) @class
(union_specifier name: (_) @class.name body: (_)) @class
(union_specifier !name body: (_)) @class
(enum_specifier name: (_) @class.name body: (_)) @class
(enum_specifier !name body: (_)) @class

; A macro in front makes a function's definition of a type's.
(function_definition type: [(struct_specifier !body) (union_specifier !body) (enum_specifier !body)]
  (ERROR . (identifier) @class.name) declarator: [(identifier) (parenthesized_declarator)]) @class
(function_definition type: [(struct_specifier !body) (union_specifier !body) (enum_specifier !body)]
  declarator: [(identifier) @class.name (parenthesized_declarator)]) @class
((function_definition type: (type_identifier)
  (ERROR . (identifier) @_word .) declarator: (identifier) @class.name) @class
  (#any-of? @_word "struct" "union" "enum"))
((function_definition type: (type_identifier)
  declarator: (identifier) @_word (ERROR . (identifier) @class.name .)) @class
  (#any-of? @_word "struct" "union" "enum" "class"))
((function_definition type: (type_identifier) declarator: (identifier) @_word) @class
  (#any-of? @_word "struct" "union" "enum" "class"))

(call_expression function: (identifier) @call)

(preproc_include path: (_) @import.source) @import

(if_statement) @branch
(else_clause (if_statement) @chained)
(else_clause "else" @else)
(while_statement) @branch
(do_statement) @branch
(for_statement condition: (_)) @branch
(for_statement !condition) @nest
(conditional_expression) @branch
(switch_statement) @nest
(case_statement "case" @decision)
(binary_expression) @binary
["&&" "||"] @boolean.operator
(goto_statement) @jump

(comment) @comment
