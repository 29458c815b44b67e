(function_declarator declarator: (identifier)
  parameters: (parameter_list [(variadic_parameter) (identifier)] @parameter))
; Types of parameters that are declared after the list.
(function_definition (declaration) @aside)
(function_definition (ERROR (function_declarator) @aside))

; What is left of a function whose type has a macro in it, or one that a macro declares.
(function_definition type: (type_identifier) @function.macro
  declarator: (parenthesized_declarator (identifier) @parameter))
