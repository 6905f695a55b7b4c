"""How good scores are: with intervals, beside baselines, and in which rows they are wrong."""
