; What a value is assigned to names the function that it is. These come first: they are around the function.
(variable_declarator name: (identifier) @slot.name value: (_) @slot.value)
(assignment_expression left: [(identifier) (member_expression)] @slot.name right: (_) @slot.value)
(pair key: (_) @slot.property value: (_) @slot.value)
(assignment_pattern left: (identifier) @slot.name right: (_) @slot.value)
(object_assignment_pattern left: (_) @slot.name right: (_) @slot.value)
(export_statement "export" @slot.name value: (_) @slot.value)
(arguments) @arguments

(function_declaration name: (_) @function.name body: (_) @function.body) @function
(generator_function_declaration name: (_) @function.name body: (_) @function.body) @function
(method_definition name: (_) @function.name body: (_) @function.body) @function
(method_definition) @function.method
(arrow_function body: (_) @function.body) @function
(function_expression !name body: (_) @function.body) @function
(function_expression name: (_) @function.own body: (_) @function.body) @function
(generator_function !name body: (_) @function.body) @function
(generator_function name: (_) @function.own body: (_) @function.body) @function
(function_declaration "async" @function.async)
(generator_function_declaration "async" @function.async)
(method_definition "async" @function.async)
(arrow_function "async" @function.async)
(function_expression "async" @function.async)
(generator_function "async" @function.async)
(arrow_function parameter: (identifier) @parameter)
(call_expression function: [(identifier) (member_expression object: [(this) (identifier)])] @call)

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
; These leave out what follows, and are no decision of the reader's.
["??" "??=" "||=" "&&="] @decision
(assignment_pattern "=" @decision)
(object_assignment_pattern "=" @decision)
(binary_expression) @binary
["&&" "||"] @boolean.operator
(break_statement label: (_) @jump)
(continue_statement label: (_) @jump)

(comment) @comment
