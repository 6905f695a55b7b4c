"""Options that hold more than a word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Tokens: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--token", metavar="NAME=TEXT", help="A special token for the template: eos_token=…"
    ),
]
Date: TypeAlias = Annotated[
    str | None, typer.Option("--date", metavar="DAY", help="For a template that writes the date.")
]
Template: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Chat template: a name (see pairsmith templates), a .jinja file, a tokenizer's "
        "folder, a hub id. Without one, rows are messages."
    ),
]
Form: TypeAlias = Annotated[
    str | None, typer.Option("--as", metavar="FORM", help="text, or messages.")
]
On: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="REASON=POLICY",
        help="Instead of quarantine: identical=keep, bad_roles=merge, … Repeatable.",
    ),
]
Source: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="sample, a folder, a file, or a URL: hf://datasets/OWNER/NAME."
    ),
]
System: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="A system turn before every prompt that has none."),
]
ShardRows: TypeAlias = Annotated[
    int, typer.Option(metavar="N", help="At most so many input rows in a shard.")
]
Card: TypeAlias = Annotated[
    Path | None, typer.Option(help="YAML file of card fields: licence, tags, gate.")
]
Subset: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="For a single file: its subset.")
]
Split: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="For a single file: train or test.")
]
From: TypeAlias = Annotated[
    str, typer.Option("--from", metavar="SHAPE", help="What a row looks like: hh, trl, …")
]
Engine: TypeAlias = Annotated[
    str, typer.Option(metavar="NAME", help="Where the work is done: local, ray.")
]
Address: TypeAlias = Annotated[
    str | None, typer.Option(help="Of a Ray cluster: auto, HOST:6379, ray://HOST:10001.")
]
Workers: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Processes that work at once.")
]
BatchRows: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="At most so many rows are worked on at a time.")
]


def pairs_of(option: str, given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE options as a dictionary.

    Raises:
        RecipeError: One has no equals sign, or a name is given twice.
    """
    from pairsmith.errors import RecipeError

    pairs: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise RecipeError(f"{option} {pair} gives no value.", f"Write {option} NAME=VALUE.")
        if name in pairs:
            raise RecipeError(f"{option} gives {name} twice.", "Leave one of them.")
        pairs[name] = value
    return pairs
