"""Organizations and their members, collaborators of a repository, and who is invited."""
