"""Shapes that are read row by row: which fields play which role, and what follows from that.

The names of `columnar.shapes` are here too: a row that has more in it than columns of plain
messages can take (a system text beside, tool calls, parts of contents) is read under the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from pairsmith.sources.rows.mapping import Columns
from pairsmith.sources.values.text_kinds import PLAIN, TextKind, tell_text_kind

Rule: TypeAlias = Literal["sides", "two", "replies", "rows", "tree"]
"""How a row is a comparison: it has a better and a worse side; two sides, and which is better; a
list of replies; one reply, to be compared with other rows'; or a message of a tree."""

INNER = ("text", "rank", "score", "selected", "reply_system")
"""Roles whose paths begin inside of each reply of a list."""


class RowShape(NamedTuple):
    """One way to write comparisons, with all that is to be known to read a row of it.

    Attributes:
        name: Its name for `--from`.
        columns: The path of each role.
        rule: How a row is a comparison.
        about: Its fields in words.
        kinds: Of roles whose texts are not plain, what they are.
        pairs: Which replies are compared, see `rules.PAIRS`; None for the usual.
        min_margin: Comparisons whose scores differ by less are refused.
        drop_weak: Those whose strength is at most this are refused; 0 for none.
    """

    name: str
    columns: Columns
    rule: Rule
    about: str = ""
    kinds: Mapping[str, TextKind] = {}
    pairs: str | None = None
    min_margin: float = 0
    drop_weak: float = 0

    def kind_of(self, role: str) -> TextKind:
        """What the texts of a role are."""
        return self.kinds.get(role, PLAIN)

    @property
    def is_grouped(self) -> bool:
        """Whether several rows make what `read_row` takes, see `sources.rows.grouping`."""
        return self.rule in ("rows", "tree")


def make_shape(name: str, columns: Columns, about: str = "") -> RowShape:
    """A shape from the roles of its columns, which tell its rule."""
    return RowShape(name, columns, tell_rule(columns), about)


def tell_rule(columns: Columns) -> Rule:
    """How rows are comparisons, from the roles that they have."""
    if "chosen" in columns:
        return "sides"
    if "a" in columns:
        return "two"
    if "replies" in columns:
        return "replies"
    return "tree" if "parent" in columns else "rows"


_TODAY: dict[str, tuple[Columns, str]] = {
    "hh": ({}, "chosen and rejected transcripts"),
    "hh-prompt": ({"prompt": "prompt"}, "prompt a transcript up to the reply, two texts"),
    "trl": ({"prompt": "prompt"}, "prompt, chosen and rejected lists of messages"),
    "trl-implicit": ({}, "chosen and rejected whole conversations"),
    "trl-text": ({"prompt": "prompt"}, "prompt, chosen and rejected texts"),
    "ultrafeedback": ({"prompt": "prompt"}, "prompt a text, chosen and rejected lists"),
    "sharegpt": ({"prompt": "conversations"}, "conversations, chosen and rejected {from, value}"),
    "openai": (
        {
            "prompt": "input.messages",
            "tools": "input.tools",
            "chosen": "preferred_output",
            "rejected": "non_preferred_output",
        },
        "input {messages}, preferred_output and non_preferred_output",
    ),
    "alpaca": ({"prompt": "instruction", "input": "input"}, "instruction, chosen, rejected texts"),
    "axolotl": ({"prompt": "messages"}, "messages, chosen and rejected {role, content}"),
    "ms-swift": (
        {
            "chosen": "messages",
            "rejected": "rejected_response",
            "rejected_whole": "rejected_messages",
        },
        "messages, and rejected_response or rejected_messages",
    ),
}
_SIDES = {"chosen": "chosen", "rejected": "rejected"}
_LISTS: dict[str, tuple[Columns, str]] = {
    "alpaca-output": (
        {"prompt": "instruction", "input": "input", "replies": "output"},
        "instruction a text, output a list of texts, the best one first",
    ),
    "nemo-rl": (
        {
            "prompt": "context",
            "replies": "completions",
            "text": "completion",
            "rank": "rank",
        },
        "context a list of messages, completions of {rank, completion}",
    ),
}
_MARKED = tell_text_kind(["\n\nHuman: Is tea hot?\n\nAssistant: Mostly."], "whole")
_KINDS: dict[str, dict[str, TextKind]] = {
    "hh": dict.fromkeys(("chosen", "rejected"), _MARKED),
    "hh-prompt": dict.fromkeys(("prompt", "chosen", "rejected"), _MARKED),
}

ROW_SHAPES: dict[str, RowShape] = {
    **{
        name: make_shape(name, {**_SIDES, **columns}, about)._replace(kinds=_KINDS.get(name, {}))
        for name, (columns, about) in _TODAY.items()
    },
    **{name: make_shape(name, columns, about) for name, (columns, about) in _LISTS.items()},
}
"""The shapes whose fields have the same names everywhere, by their names for `--from`."""
