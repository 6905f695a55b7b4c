"""How a source's rows are read: told by its first rows and by what was asked for.

It is all that workers need to read a row, and part of the recipe, since it decides what a row is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pairsmith.sources.rows.mapping import Columns
from pairsmith.sources.rows.shapes import RowShape, tell_rule
from pairsmith.sources.values.text_kinds import TextKind


class Asked(NamedTuple):
    """What is asked of a source's rows.

    Attributes:
        shape: A name for `--from`; `auto` to tell it.
        columns: Paths by role that were named.
        preference: Which of several preferences counts.
        pairs: Which replies are compared; None for the usual.
        min_margin: Comparisons whose scores differ by less are refused.
        drop_weak: Those whose strength is at most this are refused; 0 for none.
    """

    shape: str = "auto"
    columns: Columns = {}  # noqa: RUF012 (nobody writes to it)
    preference: str | None = None
    pairs: str | None = None
    min_margin: float = 0
    drop_weak: float = 0


class Detected(NamedTuple):
    """How rows are read.

    Attributes:
        name: The shape, a name for `--from`.
        columns: The path of each role.
        kinds: Of roles whose texts are not plain, what they are.
        preference: Which of several preferences counts; None where there is one.
        pairs: Which replies are compared; None where a row has two.
        min_margin: Comparisons whose scores differ by less are refused.
        drop_weak: Those whose strength is at most this are refused; 0 for none.
    """

    name: str
    columns: Columns
    kinds: dict[str, TextKind] = {}  # noqa: RUF012
    preference: str | None = None
    pairs: str | None = None
    min_margin: float = 0
    drop_weak: float = 0

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON has it; without `drop_weak` as before there was any."""
        kinds = {role: [kind.name, kind.detail] for role, kind in self.kinds.items()}
        held = {**self._asdict(), "columns": dict(self.columns), "kinds": kinds}
        return held if self.drop_weak else {k: v for k, v in held.items() if k != "drop_weak"}

    @classmethod
    def from_dict(cls, held: dict[str, Any]) -> Detected:
        """The inverse of `to_dict`.

        Raises:
            KeyError: A field is missing.
            TypeError: A field is unknown, or of another type.
            ValueError: A field is no mapping.
        """
        detected = cls(**{**held, "kinds": {}, "columns": dict(held["columns"])})
        kinds = {role: TextKind(*kind) for role, kind in dict(held["kinds"]).items()}
        texts = [detected.name, held["preference"] or "", held["pairs"] or ""]
        texts += [*detected.columns.values(), *(text for kind in kinds.values() for text in kind)]
        bounds = (detected.min_margin, detected.drop_weak)
        numbers = all(type(bound) in (int, float) for bound in bounds)
        if not numbers or not all(isinstance(text, str) for text in texts):
            raise TypeError("what rows are read by has a field of another type")
        return detected._replace(kinds=kinds)

    def shape(self) -> RowShape:
        """What `read_row` takes."""
        return RowShape(
            self.name,
            self.columns,
            tell_rule(self.columns),
            kinds=self.kinds,
            pairs=self.pairs,
            min_margin=self.min_margin,
            drop_weak=self.drop_weak,
        )

    def sentence(self) -> str:
        """How rows are read, in words for the screen; empty for transcripts."""
        if self.name == "hh":
            return ""
        said = ", ".join(f"{role}={path}" for role, path in self.columns.items())
        compared = f" Compared: {self.pairs}." if self.pairs else ""
        preferred = f" Preference: {self.preference}." if self.preference else ""
        return f"Rows read as {self.name}: {said}.{preferred}{compared}"
