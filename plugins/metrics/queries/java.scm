(method_declaration name: (_) @function.name body: (_) @function.body) @function
(constructor_declaration name: (_) @function.name body: (_) @function.body) @function
(compact_constructor_declaration name: (_) @function.name body: (_) @function.body) @function
(method_declaration parameters: (formal_parameters [(formal_parameter) (spread_parameter)] @parameter))
(constructor_declaration parameters: (formal_parameters [(formal_parameter) (spread_parameter)] @parameter))
(variable_declarator name: (identifier) @slot.name value: (_) @slot.value)
(lambda_expression body: (block) @lambda.body) @lambda
(lambda_expression) @closure
(lambda_expression parameters: (identifier) @parameter)
(lambda_expression parameters: (inferred_parameters (identifier) @parameter))
(lambda_expression parameters: (formal_parameters [(formal_parameter) (spread_parameter)] @parameter))
(method_invocation !object name: (identifier) @call)
(method_invocation object: [(this) (identifier)] @call.path name: (identifier) @call)

(class_declaration name: (_) @class.name) @class
(interface_declaration name: (_) @class.name) @class
(enum_declaration name: (_) @class.name) @class
(record_declaration name: (_) @class.name) @class
(annotation_type_declaration name: (_) @class.name) @class

(import_declaration) @import

(if_statement) @branch
(if_statement alternative: (if_statement) @chained)
"else" @else
(while_statement) @branch
(do_statement) @branch
(for_statement condition: (_)) @branch
(for_statement !condition) @nest
(enhanced_for_statement) @branch
(catch_clause) @branch
(ternary_expression) @branch
(switch_expression) @nest
(switch_label) @case
(guard "when" @decision)
(binary_expression) @binary
["&&" "||"] @boolean.operator
(break_statement (identifier) @jump)
(continue_statement (identifier) @jump)

[(line_comment) (block_comment)] @comment
