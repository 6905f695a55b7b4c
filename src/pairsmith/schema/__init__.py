"""The vocabulary as data: reasons and notes, rows, annotations, templates, recipes."""
