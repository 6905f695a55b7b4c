"""The calls that the stock clients make: one file a subject."""
