"""Columnar text without I/O: spans, turns, transcripts, messages, differences."""
