"""The gate of a repository: what those who want access are asked, and what became of it."""
