"""Replies written by models: a policy at hand, or one behind a server of chat completions."""
