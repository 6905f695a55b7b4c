"""Rows of a built dataset as token ids: what a trainer makes of them, and what it leaves out."""
