"""Scores of rows by models."""
