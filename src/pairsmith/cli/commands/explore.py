"""pairsmith explore: what the contents of a built dataset are, and which attacks worked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.exploring.options import ExploreOptions

if TYPE_CHECKING:
    from pairsmith.exploring.record import Exploration


@with_options(ExploreOptions)
def explore(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of a build.")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,…",
            help="Put these questions alone: of dialogues {dialogue_questions}, "
            "of pairs {pair_questions}.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    **options: Any,
) -> None:
    """Ask what the contents are: who wins against what, topics, words; with a map.

    Writes a report to OUT/explore. Needs the extra `explore`.
    """
    from pairsmith.cli.terminal import stoppable, watched
    from pairsmith.cli.values import names_of
    from pairsmith.exploring.explore import explore as explore_dataset
    from pairsmith.text.sanitize import escape_json, sanitize

    with stoppable(), watched() as watch:
        made = explore_dataset(out, only=names_of(only) or None, progress=watch, **options)
    if as_json:
        typer.echo(escape_json(made.to_json()), nl=False)
        return
    typer.echo(sanitize("".join(f"{line}\n" for line in _lines(made))), nl=False)


def _lines(made: Exploration) -> list[str]:
    """What is printed: the verdict, what was not answered, and where the report lies."""
    unanswered = [
        f"{answer.question}: not answered. {answer.unanswered}"
        for answer in made.answers
        if answer.unanswered
    ]
    more = len(made.former)
    lost = f"The one before had {more} more answers: ask again without --only to have all."
    place = f"The report: {made.folder / 'report.html'}"
    return [*made.verdict, *unanswered, place, *([lost] if more else [])]
