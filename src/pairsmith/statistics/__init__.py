"""Statistics with intervals."""
