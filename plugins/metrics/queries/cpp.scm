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
(function_definition (try_statement) @function.body) @definition
(init_declarator declarator: (identifier) @slot.name value: (_) @slot.value)
(field_declaration declarator: (field_identifier) @slot.property default_value: (_) @slot.value)
(lambda_expression body: (_) @lambda.body) @lambda
(lambda_expression) @closure
(lambda_expression declarator: (abstract_function_declarator parameters: (parameter_list
  [(parameter_declaration) (optional_parameter_declaration) (variadic_parameter_declaration)] @parameter)))
(call_expression function: [(qualified_identifier) (template_function)
  (field_expression argument: (this))] @call)

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
["and" "or"] @boolean.operator
; `&&` that is no operator of an expression.
[(reference_declarator) (abstract_reference_declarator) (ref_qualifier)] @reference
(operator_name ["&&" "||" "and" "or"] @reference)
(fold_expression operator: ["&&" "||" "and" "or"] @reference)
(constraint_conjunction operator: _ @reference)
(constraint_disjunction operator: _ @reference)
