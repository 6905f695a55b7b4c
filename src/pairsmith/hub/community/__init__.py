"""The community of a repository: discussions, pull requests, and what is written in them."""
