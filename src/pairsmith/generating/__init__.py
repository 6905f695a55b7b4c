"""Best-of-n: samples of a model for each prompt, scored, as a source of pairs."""
