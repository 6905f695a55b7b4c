"""Rows drawn for reading: the prompt, then the two replies in two columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pairsmith.cli.draw import console, plain
from pairsmith.cli.words import Span, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pairsmith.store.quarantine import Refused

LONGEST = 2_000
"""Characters shown of a row that cannot be split into sides."""


def draw_kept(rows: Sequence[dict[str, Any]]) -> None:
    """Draws kept rows: pairs side by side, dialogues as they run."""
    screen = console()
    for row in rows:
        _heading(screen, row["id"], ", ".join(row["notes"]))
        if "prompt" in row:
            screen.print(plain(_said(row["prompt"])))
            screen.print(_side_by_side(screen, _said(row["chosen"]), _said(row["rejected"])))
        else:
            screen.print(plain(_said(row["text"] if "text" in row else row["messages"])))
            scores = {k: v for k, v in row.items() if k not in ("id", "text", "messages", "notes")}
            screen.print(plain(json.dumps(scores, ensure_ascii=False)), style="dim")
        screen.print()


def draw_refused(rows: Sequence[Refused]) -> None:
    """Draws refused rows: why, where, and the two transcripts where the row has them."""
    screen = console()
    for row in rows:
        _heading(screen, row.id, row.reason)
        screen.print(plain(f"why    {row.detail}"), soft_wrap=True)
        screen.print(plain(f"where  {row.path}, line {row.line}"), soft_wrap=True)
        sides = _sides(row)
        if sides:
            screen.print(_side_by_side(screen, *sides))
        else:
            text = row.data.decode("utf-8", "backslashreplace")
            more = f" … ({len(row.data):,} bytes)" if len(text) > LONGEST else ""
            screen.print(plain(text[:LONGEST]) + more)
        screen.print()


def _heading(screen: Console, id: str, words: str) -> None:
    screen.rule(f"{id}  {words}" if words else id, align="left", characters="─")


def _said(content: str | list[dict[str, str]]) -> str:
    """A rendered text as it is; messages with their roles."""
    if isinstance(content, str):
        return content
    return "\n\n".join(f"{message['role']}: {message['content']}" for message in content)


def _sides(row: Refused) -> tuple[str, str] | None:
    """The two transcripts of a refused row, if it can be read so far."""
    try:
        held = json.loads(row.raw or "")
        chosen, rejected = held["chosen"], held["rejected"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    both = isinstance(chosen, str) and isinstance(rejected, str)
    return (chosen.strip(), rejected.strip()) if both else None


def _side_by_side(screen: Console, chosen: str, rejected: str) -> Table:
    from rich import box
    from rich.table import Table

    left, right = compare(chosen, rejected)
    table = Table(box=box.MINIMAL, expand=True, pad_edge=False)
    for name in ("chosen", "rejected"):
        table.add_column(name, ratio=1, overflow="fold")
    table.add_row(
        _marked(left, "bold green", ("{+", "+}"), screen.color_system),
        _marked(right, "bold red", ("[-", "-]"), screen.color_system),
    )
    return table


def _marked(spans: list[Span], style: str, marks: tuple[str, str], colours: str | None) -> Text:
    """The spans with the differing words coloured, or in wdiff's marks where there is no colour."""
    from rich.text import Text

    text = Text()
    for span in spans:
        shown = plain(span.text)
        if span.differs and colours is None and shown.strip():
            shown = f"{marks[0]}{shown}{marks[1]}"
        text.append(shown, style if span.differs else "")
    return text
