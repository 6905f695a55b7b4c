"""How an option is declared: in the annotation of a dataclass's field, for whoever asks for it."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Option(NamedTuple):
    """What a field means, and how the command line spells it.

    Attributes:
        help: What it means.
        metavar: What stands for its value in the help; None for a flag that has none.
        flag: Its name on the command line, where that is not the field's.
        given: How its value is given there: as it is; as names, with commas or again and again; as
            NAME=VALUE, again and again; as NAME=CHOICE, with commas too; as one text, whose
            parts are divided by commas; or as a file's name.
    """

    help: str
    metavar: str | None = None
    flag: str | None = None
    given: Literal["value", "list", "pairs", "choices", "text", "file"] = "value"
