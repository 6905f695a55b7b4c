"""One person's collection: its pages on loopback, without an account, behind a link used once."""
