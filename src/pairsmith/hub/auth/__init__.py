"""Accounts: who there is, and how they show that it is them."""
