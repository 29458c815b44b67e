(function_declaration name: (_) @function.name body: (_) @function.body) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @function.owner
    (generic_type type: (_) @function.owner)
    (pointer_type [(type_identifier) @function.owner (generic_type type: (_) @function.owner)])
    (parenthesized_type
      [(type_identifier) @function.owner (pointer_type (type_identifier) @function.owner)])]))
  name: (_) @function.name body: (_) @function.body) @function
(method_declaration name: (_) @function.name body: (_) @function.body) @function
(method_declaration receiver: (parameter_list (parameter_declaration name: (_) @function.receiver)))
(function_declaration parameters: (parameter_list (parameter_declaration name: (_) @parameter)))
(function_declaration parameters: (parameter_list (parameter_declaration !name) @parameter))
(function_declaration parameters: (parameter_list (variadic_parameter_declaration) @parameter))
(method_declaration parameters: (parameter_list (parameter_declaration name: (_) @parameter)))
(method_declaration parameters: (parameter_list (parameter_declaration !name) @parameter))
(method_declaration parameters: (parameter_list (variadic_parameter_declaration) @parameter))
(var_spec name: (identifier) @slot.name value: (expression_list) @slot.value)
(keyed_element key: (literal_element (identifier) @slot.name) value: (_) @slot.value)
(func_literal body: (_) @lambda.body) @lambda
(func_literal) @closure
(func_literal parameters: (parameter_list (parameter_declaration name: (_) @parameter)))
(func_literal parameters: (parameter_list (parameter_declaration !name) @parameter))
(func_literal parameters: (parameter_list (variadic_parameter_declaration) @parameter))
(call_expression function: [(identifier) (selector_expression operand: (identifier))] @call)

(type_spec name: (_) @class.name type: [(struct_type) (interface_type)]) @class

(import_spec path: (_) @import.source) @import

(if_statement) @branch
(if_statement alternative: (if_statement) @chained)
"else" @else
(for_statement [(_expression) (range_clause) (for_clause condition: (_))]) @branch
(for_statement (for_clause !condition)) @nest
(for_statement . body: (block)) @nest
(expression_switch_statement) @nest
(type_switch_statement) @nest
(select_statement) @nest
(expression_case "case" @decision)
(type_case "case" @decision)
(communication_case "case" @decision)
(binary_expression) @binary
["&&" "||"] @boolean.operator
(break_statement (label_name) @jump)
(continue_statement (label_name) @jump)
(goto_statement) @jump

(comment) @comment
