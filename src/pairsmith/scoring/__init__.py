"""Scores of rows by models trained on other rows of the same dataset."""
