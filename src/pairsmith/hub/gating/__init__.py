"""The gate of a repository: what those who want access are asked, and the outcome."""
