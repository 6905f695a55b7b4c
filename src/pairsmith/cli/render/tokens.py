"""Rows drawn token by token: the prompt, then the two replies in two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pairsmith.cli.render.headings import draw_heading
from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from pairsmith.tokens.row import Token, TokenizedRow

MAX_TOKENS = 4_000
"""Tokens shown of a part."""

COLOURS = {"prompt": "cyan", "chosen": "green", "rejected": "red"}
SHADES = ("", " on grey19")
"""Alternating shades, so that the borders of tokens are visible."""
BORDER, CUT = "¦", "⟨cut⟩"
"""Stand between tokens, and where the trainer cuts, on a screen without colours."""


def draw_rows(rows: Sequence[TokenizedRow]) -> None:
    """Draws rows: colours or marks tell tokens apart, and what the trainer cuts off."""
    from rich import box
    from rich.table import Table

    screen = console()
    for row in rows:
        draw_heading(screen, _heading(row))
        screen.print(_drawn(screen, row, "prompt"))
        table = Table(box=box.MINIMAL, expand=True, pad_edge=False)
        for part in ("chosen", "rejected"):
            table.add_column(_size(row, part), ratio=1, overflow="fold")
        table.add_row(_drawn(screen, row, "chosen"), _drawn(screen, row, "rejected"))
        screen.print(table)
        screen.print()


def _heading(row: TokenizedRow) -> str:
    why = f"that fills {row.max_length:,}" if row.cuts else f"a side is over {row.max_length:,}"
    dropped = f", dropped: {why}" if row.dropped else ""
    return f"{row.id}  {_size(row, 'prompt')}{dropped}"


def _size(row: TokenizedRow, part: str) -> str:
    tokens, cut = len(getattr(row, part)), row.cut(part)
    size = f"{part} {tokens:,} token{'' if tokens == 1 else 's'}"
    return size if cut is None else f"{size}, cut at {cut:,}"


def _drawn(screen: Console, row: TokenizedRow, part: str) -> Text:
    tokens: list[Token] = getattr(row, part)
    coloured = screen.color_system is not None
    draw = _coloured if coloured else _marked
    text = draw(tokens[:MAX_TOKENS], row.cut(part), COLOURS[part])
    if len(tokens) > MAX_TOKENS:
        text.append(f" … ({len(tokens) - MAX_TOKENS:,} more tokens)", "dim")
    return text


def _coloured(tokens: Sequence[Token], cut: int | None, colour: str) -> Text:
    from rich.text import Text

    text = Text()
    for number, token in enumerate(tokens):
        style = f"bold reverse {colour}" if token.special else f"{colour}{SHADES[number % 2]}"
        if cut is not None and number >= cut:
            style = f"dim strike {style}"
        text.append(_visible(token), style)
    return text


def _marked(tokens: Sequence[Token], cut: int | None, _colour: str) -> Text:
    from rich.text import Text

    shown = [f"⟨{_visible(token)}⟩" if token.special else _visible(token) for token in tokens]
    if cut is not None and cut <= len(shown):
        shown.insert(cut, CUT)
    return Text(BORDER.join(shown))


def _visible(token: Token) -> str:
    """A token's text, sanitized, with visible line ends."""
    return sanitize(token.text).replace("\n", "↵\n")
