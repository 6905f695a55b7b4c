"""Rows drawn for reading: the prompt, then the two replies in two columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from pairsmith.cli.render.headings import draw_heading
from pairsmith.cli.terminal import console
from pairsmith.text.diff import DiffRun, compare
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pairsmith.dataset.quarantine import Refused

    Said: TypeAlias = Sequence[Mapping[str, Any]]

MAX_CHARS = 2_000
"""Characters shown of a row that cannot be split into sides."""
LABEL = 7
"""The columns of a label, such as `why`."""
DRAWN = ("id", "text", "messages", "transcript", "notes")
"""Columns of a dialogue that are not drawn as scores; the transcript is the text, unrendered."""
DRAWN_OF_PAIRS = ("id", "prompt", "chosen", "rejected", "tools", "notes")
"""Columns of a pair that are drawn by themselves; what else there is stands below the sides."""


def draw_rows(
    rows: Sequence[dict[str, Any] | Refused], said: Mapping[str, Said] | None = None
) -> None:
    """Draws kept and quarantined rows.

    Args:
        rows: As shards and the quarantine hold them.
        said: What an annotation says of them, by id.
    """
    screen = console()
    for row in rows:
        id = row["id"] if isinstance(row, dict) else row.id
        statements = (said or {}).get(id, ())
        if isinstance(row, dict):
            _draw_kept(screen, row, statements)
        else:
            _draw_refused(screen, row, statements)
        screen.print()


def _draw_kept(screen: Console, row: dict[str, Any], said: Said) -> None:
    """A pair, side by side; a dialogue, as it runs."""
    _heading(screen, row["id"], ", ".join(row["notes"]))
    _statements(screen, said)
    if "prompt" in row:
        if row.get("tools") is not None:
            screen.print(sanitize(f"tools  {row['tools']}"), soft_wrap=True)
        screen.print(sanitize(as_text(row["prompt"])))
        screen.print(side_by_side(screen, as_text(row["chosen"]), as_text(row["rejected"])))
        beside = {name: value for name, value in row.items() if name not in DRAWN_OF_PAIRS}
        if beside:
            held = json.dumps(beside, ensure_ascii=False, default=str)
            screen.print(sanitize(held), style="dim")
    else:
        screen.print(sanitize(as_text(row["text"] if "text" in row else row["messages"])))
        scores = {k: v for k, v in row.items() if k not in DRAWN}
        screen.print(sanitize(json.dumps(scores, ensure_ascii=False)), style="dim")


def _draw_refused(screen: Console, row: Refused, said: Said) -> None:
    """Why a row was refused, where it stands, and its two transcripts where it has them."""
    _heading(screen, row.id, row.reason)
    _statements(screen, said)
    _label(screen, "why", row.detail)
    screen.print(sanitize(f"where  {row.path}, line {row.line}"), soft_wrap=True)
    if row.sides:
        screen.print(side_by_side(screen, *row.sides))
    else:
        text = row.data.decode("utf-8", "backslashreplace")
        more = f" … ({len(row.data):,} bytes)" if len(text) > MAX_CHARS else ""
        screen.print(sanitize(text[:MAX_CHARS]) + more)


def _statements(screen: Console, said: Said) -> None:
    for one in said:
        score = None if one["score"] is None else f"{one['score']:g}"
        words = [word for word in (one["label"], score, one["detail"]) if word is not None]
        _label(screen, "said", "  ".join(words))


def _label(screen: Console, label: str, words: str) -> None:
    """A label and words beside it; on a terminal in lines that go on beside it."""
    from rich.text import Text

    if not screen.is_terminal or screen.width < 2 * LABEL:
        screen.print(sanitize(f"{label:<{LABEL}}{words}"), soft_wrap=True)
        return
    head = f"{label:<{LABEL}}"
    for line in Text(sanitize(words)).wrap(screen, screen.width - LABEL):
        line.rstrip()
        screen.print(Text(head).append(line))
        head = " " * LABEL


def _heading(screen: Console, id: str, words: str) -> None:
    draw_heading(screen, f"{id}  {words}" if words else id)


def as_text(content: str | list[dict[str, Any]]) -> str:
    """A rendered text as it is; messages with their roles.

    Args:
        content: Of a column of shards.
    """
    if isinstance(content, str):
        return content
    return "\n\n".join(map(_draw_message, content))


def _draw_message(message: dict[str, Any]) -> str:
    """A message: who speaks, what was thought, said and called, a line each."""
    whose = [message["role"], message.get("name"), message.get("tool_call_id")]
    head = " ".join(word for word in whose if word is not None)
    lines = [f"{head}: {message['content']}".rstrip(" ")]
    if message.get("reasoning_content") is not None:
        lines.insert(0, f"{head} thinks: {message['reasoning_content']}")
    for call in message.get("tool_calls") or ():
        id = "" if call.get("id") is None else f" {call['id']}"
        lines.append(
            f"{head} calls{id}: {call['function']['name']}({call['function']['arguments']})"
        )
    if len(lines) > 1 and not message["content"]:
        lines.remove(f"{head}:")
    return "\n".join(lines)


def side_by_side(
    screen: Console,
    left: str,
    right: str,
    names: tuple[str, str] = ("chosen", "rejected"),
    marked: bool = True,
) -> Table:
    """Two texts in two columns.

    Args:
        screen: Where they are drawn.
        left: A text.
        right: The other.
        names: What stands above them.
        marked: Whether the words that differ are marked.
    """
    from rich import box
    from rich.table import Table

    runs = compare(left, right) if marked else ([DiffRun(left, False)], [DiffRun(right, False)])
    table = Table(box=box.MINIMAL, expand=True, pad_edge=False)
    for name in names:
        table.add_column(name, ratio=1, overflow="fold")
    colours = screen.color_system is not None
    table.add_row(
        _marked(runs[0], None if colours else ("{+", "+}"), "bold green"),
        _marked(runs[1], None if colours else ("[-", "-]"), "bold red"),
    )
    return table


def _marked(spans: list[DiffRun], marks: tuple[str, str] | None, style: str) -> Text:
    """The spans with those that differ in a style, and in wdiff's marks where there is none."""
    from rich.text import Text

    text = Text()
    for span in spans:
        shown = sanitize(span.text)
        if span.differs and marks and shown.strip():
            shown = f"{marks[0]}{shown}{marks[1]}"
        text.append(shown, style if span.differs else "")
    return text
