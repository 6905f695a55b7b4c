"""What the first rows tell: the shape, what its columns are, and how all rows are read."""
