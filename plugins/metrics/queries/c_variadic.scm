(function_declarator declarator: (identifier)
  parameters: (parameter_list (variadic_parameter) @parameter))
