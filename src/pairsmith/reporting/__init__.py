"""What reports have in common: one HTML file each, that needs nothing else."""
