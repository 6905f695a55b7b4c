"""Policies trained by reinforcement learning against a preference model, another one watching."""
