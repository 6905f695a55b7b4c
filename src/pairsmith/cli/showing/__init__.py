"""What `pairsmith show` is asked: its options, which go together, and the rows they mean."""
