(function_definition body: (_) @function.body) @function
(function_declarator declarator: (identifier) @function.name)
(function_declarator declarator: (identifier)
  parameters: (parameter_list (parameter_declaration) @parameter))

(struct_specifier name: (_) @class.name body: (_)) @class
(struct_specifier !name body: (_)) @class
(union_specifier name: (_) @class.name body: (_)) @class
(union_specifier !name body: (_)) @class
(enum_specifier name: (_) @class.name body: (_)) @class
(enum_specifier !name body: (_)) @class

(preproc_include path: (_) @import.source) @import

(if_statement) @branch
(else_clause (if_statement) @chained)
(else_clause "else" @else)
(while_statement) @branch
(do_statement) @branch
(for_statement) @branch
(conditional_expression) @branch
(switch_statement) @nest
(case_statement "case" @decision)
(binary_expression operator: ["&&" "||"] @boolean.operator) @boolean
(goto_statement) @jump

(comment) @comment
