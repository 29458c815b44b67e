(function_declarator declarator: [(field_identifier) (qualified_identifier) (destructor_name) (operator_name)
  (template_function) (template_method)] @function.name)
(function_declarator declarator: (parenthesized_declarator
  [(field_identifier) (qualified_identifier)] @function.name))
(function_declarator declarator: (attributed_declarator . (_) @function.name))
(function_declarator declarator: [(field_identifier) (qualified_identifier) (destructor_name) (operator_name)
  (template_function) (template_method) (attributed_declarator)
  (parenthesized_declarator [(field_identifier) (qualified_identifier)])]
  parameters: (parameter_list [(parameter_declaration)
    (optional_parameter_declaration) (variadic_parameter_declaration) "..."] @parameter))
(function_declarator declarator: [(identifier) (parenthesized_declarator (identifier))]
  parameters: (parameter_list
    [(optional_parameter_declaration) (variadic_parameter_declaration) "..."] @parameter))
(function_definition declarator: [(operator_cast) (qualified_identifier name:
  [(operator_cast) (qualified_identifier name:
    [(operator_cast) (qualified_identifier name: (operator_cast))])])] @function.cast)
(lambda_expression) @closure

(class_specifier name: (_) @class.name body: (_)) @class
(class_specifier !name body: (_)) @class
(namespace_definition name: (_) @scope.name) @scope

; A macro in front makes a function's definition of a type's or of a namespace.
(function_definition type: (class_specifier !body)
  (ERROR . (identifier) @class.name)
  declarator: [(identifier) (template_function) (parenthesized_declarator)]) @class
(function_definition type: (class_specifier !body)
  declarator: [(identifier) @class.name (template_function) @class.name (parenthesized_declarator)]) @class
(function_definition type: [(struct_specifier !body) (union_specifier !body)]
  (ERROR . (identifier) @class.name) declarator: (template_function)) @class
(function_definition type: [(struct_specifier !body) (union_specifier !body)]
  declarator: (template_function) @class.name) @class
((function_definition type: (type_identifier)
  declarator: (identifier) @_word (ERROR . (identifier) @scope.name .)) @scope
  (#eq? @_word "namespace"))

(for_range_loop) @branch
(catch_clause) @branch
(binary_expression operator: ["and" "or"] @boolean.operator) @boolean
