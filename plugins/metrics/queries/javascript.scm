(field_definition property: (_) @slot.property value: (_) @slot.value)
(function_declaration parameters: (formal_parameters [(pattern) (assignment_pattern)] @parameter))
(generator_function_declaration parameters: (formal_parameters [(pattern) (assignment_pattern)] @parameter))
(method_definition parameters: (formal_parameters [(pattern) (assignment_pattern)] @parameter))
(arrow_function parameters: (formal_parameters [(pattern) (assignment_pattern)] @parameter))
(function_expression parameters: (formal_parameters [(pattern) (assignment_pattern)] @parameter))
(generator_function parameters: (formal_parameters [(pattern) (assignment_pattern)] @parameter))
(optional_chain) @decision
