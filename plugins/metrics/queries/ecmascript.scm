(function_declaration name: (_) @function.name body: (_) @function.body) @function
(generator_function_declaration name: (_) @function.name body: (_) @function.body) @function
(method_definition name: (_) @function.name body: (_) @function.body) @function
(variable_declarator name: (identifier) @function.name
  value: [(arrow_function body: (_) @function.body)
          (function_expression body: (_) @function.body)
          (generator_function body: (_) @function.body)] @function)
(function_declaration "async" @function.async)
(generator_function_declaration "async" @function.async)
(method_definition "async" @function.async)
(variable_declarator name: (identifier) value: (arrow_function "async" @function.async))
(variable_declarator name: (identifier) value: (function_expression "async" @function.async))
(variable_declarator name: (identifier) value: (generator_function "async" @function.async))
[(arrow_function) (function_expression) (generator_function)] @closure

(class_declaration name: (_) @class.name) @class
(class) @class

(import_statement source: (_) @import.source) @import
(export_statement source: (_) @import.source) @import
(call_expression function: (import) arguments: (arguments . (string) @import.source)) @import
(call_expression function: (identifier) @import.call arguments: (arguments . (string) @import.source .))

(if_statement) @branch
(else_clause (if_statement) @chained)
(else_clause "else" @else)
(while_statement) @branch
(do_statement) @branch
(for_statement condition: [(expression) (sequence_expression)]) @branch
(for_statement condition: (empty_statement)) @nest
(for_in_statement) @branch
(catch_clause) @branch
(ternary_expression) @branch
(switch_statement) @nest
(switch_case "case" @decision)
(binary_expression operator: ["&&" "||"] @boolean.operator) @boolean
(break_statement label: (_) @jump)
(continue_statement label: (_) @jump)

(comment) @comment
