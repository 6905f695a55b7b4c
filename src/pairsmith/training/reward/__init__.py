"""Preference models: from a conversation to a number, by TRL's RewardTrainer."""
