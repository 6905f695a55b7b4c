"""Damaged texts: what stands in them, what it would be, and texts with it put right."""
