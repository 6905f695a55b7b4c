"""What an export is made of: a trainer's format, the files written, the pairs left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from pairsmith.exporting.pair import Pair, Refuses, Row, Unfit
from pairsmith.schema.splits import is_held_out


class ExportedFile(NamedTuple):
    """One file of an export.

    Attributes:
        subset, split: Whose pairs it holds.
        path: Below the folder of the export, with slashes.
        pairs: The pairs in it.
        rows: Its lines: as many as pairs, or two a pair.
        columns: The fields of its lines.
    """

    subset: str
    split: str
    path: str
    pairs: int
    rows: int
    columns: tuple[str, ...] = ()


class LeftOut(NamedTuple):
    """The pairs that a trainer's format has no place for, of one reason.

    Attributes:
        reason: Why.
        pairs: How many.
        ids: The first of them.
    """

    reason: Unfit
    pairs: int
    ids: tuple[str, ...]


class Config(NamedTuple):
    """What the trainer is to be told of the files: the name of a file, and its text."""

    name: str
    text: str


class Export(NamedTuple):
    """What was written.

    Attributes:
        trainer: For which trainer.
        files: The files with rows; a split of which no pair was written has none.
        left_out: The pairs left out, by reason.
        dialogues: The subsets left out because they hold dialogues, not pairs.
        config: The trainer's configuration.
        not_carried: Carried columns that did not go along: the trainer's rows have no place for
            further fields, or it would take one of that name for its own.
        without_margin: How many pairs have no margin in the annotation that margins are from;
            None where they are from none.
    """

    trainer: str
    files: tuple[ExportedFile, ...]
    left_out: tuple[LeftOut, ...]
    dialogues: tuple[str, ...]
    config: Config
    not_carried: tuple[str, ...] = ()
    without_margin: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "trainer": self.trainer,
            "files": [file._asdict() for file in self.files],
            "left_out": [left._asdict() for left in self.left_out],
            "dialogues": list(self.dialogues),
            "config": self.config._asdict(),
            "not_carried": list(self.not_carried),
            **({} if self.without_margin is None else {"without_margin": self.without_margin}),
        }


class Format(NamedTuple):
    """How a trainer wants its pairs.

    Attributes:
        rows: From neighbouring pairs, none of them refused, to the lines of the file. Where a line
            has an `id`, what was carried is added to it.
        config: From the files to the configuration that lies beside them; paths in it are below
            the folder of the export.
        refuses: The pairs that it has no place for.
        takes_text: Whether it takes rendered text too, and not messages alone.
        holds: Which of `RICH` it can hold; pairs that have another are left out.
        reserved: Names of fields that the trainer reads, and a carried column may not have.
        margins: Whether it reads margins.
    """

    rows: Callable[[Sequence[Pair]], list[Row]]
    config: Callable[[Sequence[ExportedFile]], Config]
    refuses: Refuses = MappingProxyType({})
    takes_text: bool = False
    holds: frozenset[Unfit] = frozenset()
    reserved: frozenset[str] = frozenset()
    margins: bool = False


def training_files(files: Sequence[ExportedFile]) -> list[str]:
    """The paths to train on: those of the training splits, or all where there is none."""
    return [f.path for f in files if not is_held_out(f.split)] or [f.path for f in files]


def test_files(files: Sequence[ExportedFile]) -> list[str]:
    """The paths to evaluate on: those that are not trained on."""
    trained = training_files(files)
    return [file.path for file in files if file.path not in trained]
