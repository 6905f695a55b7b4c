"""What the hub keeps: its database, and contents by SHA-256."""
