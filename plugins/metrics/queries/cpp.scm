(function_declarator declarator:
  [(field_identifier) (qualified_identifier) (destructor_name) (operator_name)] @function.name)
(function_declarator declarator:
  [(field_identifier) (qualified_identifier) (destructor_name) (operator_name)]
  parameters: (parameter_list [(parameter_declaration)
    (optional_parameter_declaration) (variadic_parameter_declaration) "..."] @parameter))
(function_declarator declarator: (identifier)
  parameters: (parameter_list [(optional_parameter_declaration) (variadic_parameter_declaration) "..."] @parameter))
(function_definition declarator: (operator_cast) @function.name)
(lambda_expression) @closure

(class_specifier name: (_) @class.name body: (_)) @class
(class_specifier !name body: (_)) @class
(namespace_definition name: (_) @scope.name) @scope

(for_range_loop) @branch
(catch_clause) @branch
(binary_expression operator: ["and" "or"] @boolean.operator) @boolean
