(method_declaration name: (_) @function.name body: (_) @function.body) @function
(constructor_declaration name: (_) @function.name body: (_) @function.body) @function
(compact_constructor_declaration name: (_) @function.name body: (_) @function.body) @function
(method_declaration parameters: (formal_parameters [(formal_parameter) (spread_parameter)] @parameter))
(constructor_declaration parameters: (formal_parameters [(formal_parameter) (spread_parameter)] @parameter))
(lambda_expression) @closure

(class_declaration name: (_) @class.name) @class
(interface_declaration name: (_) @class.name) @class
(enum_declaration name: (_) @class.name) @class
(record_declaration name: (_) @class.name) @class
(annotation_type_declaration name: (_) @class.name) @class

(import_declaration) @import

(if_statement) @branch
(if_statement alternative: (if_statement) @chained)
(if_statement "else" @else)
(while_statement) @branch
(do_statement) @branch
(for_statement condition: (_)) @branch
(for_statement !condition) @nest
(enhanced_for_statement) @branch
(catch_clause) @branch
(ternary_expression) @branch
(switch_expression) @nest
(switch_label "case" @decision)
(guard "when" @decision)
(binary_expression operator: ["&&" "||"] @boolean.operator) @boolean
(break_statement (identifier) @jump)
(continue_statement (identifier) @jump)

[(line_comment) (block_comment)] @comment
