"""Care for a hub: garbage collection, backup, verification."""
