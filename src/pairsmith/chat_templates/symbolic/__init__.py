"""Symbolic rendering: what a template does to any contents."""
