"""File formats of sources: one file each."""
