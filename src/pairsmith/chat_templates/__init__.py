"""Chat templates: found by name or path, rendered in a sandbox, compiled to constant strings."""
