"""Models trained on a build, each run naming by hash what it learnt from."""
