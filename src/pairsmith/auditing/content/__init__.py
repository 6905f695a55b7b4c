"""What texts hold: openings, patterns, refusals, writing systems."""
