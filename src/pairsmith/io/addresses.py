"""Addresses of servers, as people type them."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from pairsmith.errors import RecipeError


def split_address(given: str, hint: str) -> SplitResult:
    """Takes the address of a model's server apart.

    Args:
        given: As it was typed.
        hint: What to type instead, for who typed something else.

    Raises:
        RecipeError: It is no address of http or https, or holds what none may.
    """
    try:
        parts = urlsplit(given)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or not given.isascii() or not given.isprintable() or " " in given:
        raise RecipeError(
            "The endpoint is no address of http or https: a server that has the model is asked.",
            hint,
        )
    return parts
