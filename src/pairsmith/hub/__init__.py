"""A home for gated data: the server, its gate, and licences for what is behind it."""
