"""The line that begins what is shown of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from rich.console import Console

LEAST = 2
"""Columns of the line that have to be left beside the words."""


def draw_heading(screen: Console, words: str) -> None:
    """Draws words and a line beside them; below them, where there is no room: nothing is cut."""
    from rich.cells import cell_len

    said = sanitize(words)
    fits = cell_len(said) + LEAST <= screen.width
    if not fits:
        screen.print(said)
    screen.rule(said if fits else "", align="left", characters="─")
