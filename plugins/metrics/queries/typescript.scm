(public_field_definition name: (_) @slot.property value: (_) @slot.value)
(function_declaration parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(generator_function_declaration
  parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(method_definition parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(arrow_function parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(function_expression parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(generator_function parameters: (formal_parameters [(required_parameter) (optional_parameter)] @parameter))
(required_parameter pattern: (identifier) @slot.name value: (_) @slot.value)
"?." @decision
(required_parameter "=" @decision)
(optional_parameter "=" @decision)

(abstract_class_declaration name: (_) @class.name) @class
(interface_declaration name: (_) @class.name) @class
(enum_declaration name: (_) @class.name) @class
(internal_module name: [(identifier) (nested_identifier)] @scope.name) @scope
(module name: [(identifier) (nested_identifier)] @scope.name) @scope
(import_statement (import_require_clause source: (_) @import.source)) @import
