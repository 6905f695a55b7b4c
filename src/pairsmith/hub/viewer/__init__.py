"""The viewer: which Parquet files make up a subset and a split, and the rows that are in them."""
