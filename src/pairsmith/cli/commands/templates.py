"""pairsmith templates: list the built-in chat templates, or show how a template compiles."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from pairsmith.cli.options import Date, Tokens
from pairsmith.cli.values import pairs_of


def templates(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A built-in name, a .jinja file, a tokenizer's folder, a hub id."
        ),
    ] = None,
    token: Tokens = None,
    date: Date = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List the built-in chat templates, or show how one compiles.

    With NAME: the constant strings around contents, the special tokens, the control text that a
    content must not hold, and whether and how a system turn is written.
    """
    from pairsmith.chat_templates.describe import describe, list_built_in
    from pairsmith.chat_templates.prepare import prepare
    from pairsmith.cli.render.templates import draw_list, draw_template

    if name is None:
        listed = list_built_in()
        typer.echo(json.dumps(listed)) if as_json else draw_list(listed)
        return
    with prepare(name, pairs_of("--token", token or []), date) as ready:
        described = describe(ready.compiled, ready.by)
    typer.echo(json.dumps(described)) if as_json else draw_template(described)
