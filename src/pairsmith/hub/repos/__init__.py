"""Repositories: commits, files, history, cards."""
