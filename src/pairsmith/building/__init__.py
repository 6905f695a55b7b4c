"""Builds: sources to datasets, cut into parts that run on an engine."""
