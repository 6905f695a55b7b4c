"""Rows as columns: JSON and tables to the fields of a shape, and these to conversations."""
