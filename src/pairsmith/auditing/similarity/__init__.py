"""Texts that are nearly the same: shingles, sketches, candidate pairs."""
