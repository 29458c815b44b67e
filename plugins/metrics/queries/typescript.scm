(public_field_definition name: (_) @function.name
  value: [(arrow_function body: (_) @function.body)
          (function_expression body: (_) @function.body)] @function)
(public_field_definition value: (arrow_function "async" @function.async))
(public_field_definition value: (function_expression "async" @function.async))
(function_declaration parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(generator_function_declaration parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(method_definition parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(variable_declarator name: (identifier) value: (arrow_function parameter: (identifier) @parameter))
(variable_declarator name: (identifier)
  value: (_ parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter)))
(public_field_definition value: (_ parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter)))

(abstract_class_declaration name: (_) @class.name) @class
(interface_declaration name: (_) @class.name) @class
(enum_declaration name: (_) @class.name) @class
(internal_module name: [(identifier) (nested_identifier)] @scope.name) @scope
(module name: [(identifier) (nested_identifier)] @scope.name) @scope
(import_statement (import_require_clause source: (_) @import.source)) @import
