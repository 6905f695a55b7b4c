"""Policies trained on pairs: direct preference optimisation, by TRL's DPOTrainer."""
