(function_item name: (_) @function.name body: (_) @function.body) @function
(function_item (function_modifiers "async" @function.async))
(function_item parameters: (parameters [(parameter) (self_parameter) (variadic_parameter)] @parameter))
(static_item name: (_) @slot.name value: (_) @slot.value)
(const_item name: (_) @slot.name value: (_) @slot.value)
(closure_expression body: (block) @lambda.body) @lambda
(closure_expression) @closure
(closure_parameters (_) @parameter)
(call_expression function: [(identifier) (scoped_identifier) (field_expression value: (self))
  (generic_function function: [(identifier) (scoped_identifier) (field_expression value: (self))])] @call)

(struct_item name: (_) @class.name) @class
(enum_item name: (_) @class.name) @class
(union_item name: (_) @class.name) @class
(trait_item name: (_) @class.name) @class
(impl_item type: (_) @scope.name) @implementation
(mod_item name: (_) @scope.name body: (_)) @scope

(use_declaration argument: (_) @import.source) @import
(extern_crate_declaration) @import

(if_expression) @branch
(else_clause (if_expression) @chained)
(else_clause "else" @else)
(while_expression) @branch
(for_expression) @branch
(loop_expression) @nest
(match_expression) @nest
(match_arm pattern: (match_pattern) @case)
(match_pattern condition: (_) @decision)
(let_declaration alternative: (block) @branch)
[(binary_expression) (let_chain)] @binary
["&&" "||"] @boolean.operator
(break_expression (label) @jump)
(continue_expression (label) @jump)

[(line_comment) (block_comment)] @comment
