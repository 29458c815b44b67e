(jsx_attribute (property_identifier) @slot.name (jsx_expression (_) @slot.value))
