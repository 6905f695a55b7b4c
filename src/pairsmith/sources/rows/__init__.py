"""Rows read one by one: from a dictionary to the comparisons that it holds."""
