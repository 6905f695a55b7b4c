"""Collecting: people who talk to models, and judge replies; what they did as a source of rows."""
