"""Options that act on what an audit finds."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

Drop: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Refuse rows of train for the sake of others: duplicates,near,leaks,flipped.",
    ),
]
Flip: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="DOUBT",
        help="Exchange the replies of train rows whose label a weak model doubts by more, in "
        "log-odds.",
    ),
]
Smooth: TypeAlias = Annotated[
    float | None,
    typer.Option(metavar="DOUBT", help="Only mark them, with how far the label is to be believed."),
]


def words_of(given: str | None) -> list[str]:
    """What stands between commas."""
    return [] if given is None else [word.strip() for word in given.split(",")]
