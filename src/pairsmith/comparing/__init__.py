"""Rounds of collecting and training held beside each other: ledgers, accuracy, Elo, attacks."""
