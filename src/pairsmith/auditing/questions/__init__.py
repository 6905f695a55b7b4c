"""The questions of an audit: one file each, a function from a `Study` to an `Answer`."""
