"""Where rows belong, where a field tells it: the split, and where it is asked for the subset.

A file whose rows tell it becomes several files, one for each split that they name, each of which
reads its own rows alone; so whatever comes behind knows of one file and one split. Numbers and
lines of rows stay those of the file. First rows tell whether there is such a field at all: a file
without one is not read for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.errors import DamagedInputError, RecipeError, SourceError
from pairsmith.io.identity import WatchedFile, changed
from pairsmith.schema.rows import Kind
from pairsmith.schema.splits import TRAIN, is_held_out
from pairsmith.sources import redteam
from pairsmith.sources.detection.detect import EVERY
from pairsmith.sources.formats import format_of
from pairsmith.sources.formats.format import Reading
from pairsmith.sources.layouts import Found, SourceFile
from pairsmith.sources.layouts.placed import number_among
from pairsmith.sources.layouts.source_file import LONGEST, Told, slug_of
from pairsmith.sources.layouts.split_names import SPLIT_OF, split_told, splits_told, written
from pairsmith.sources.records import Rows
from pairsmith.sources.rows.mapping import check_columns
from pairsmith.sources.samples import sample_rows

SPLIT, SUBSET = ROLES = ("split", "subset")
"""The roles of fields that tell where a row belongs, and the name of the field that is known."""

NOTHING = "-"
"""Named for the field of a role: there is none, whatever fields there are."""

MOST_PLACES = 64
"""A field that tells more of them than this is of another meaning."""

Place = tuple[str, str]
"""A subset and a split."""


class Divided(NamedTuple):
    """Files, divided as their rows tell.

    Attributes:
        found: The files, and sentences on them.
        told: By role, the field that tells it in some file; without those that none tells.
    """

    found: Found
    told: dict[str, str]


def divide(found: Found, columns: Mapping[str, str], split: str | None = None) -> Divided:
    """Divides the files whose rows tell where they belong.

    A field `split` with names of splits is known by itself in files to train on: those of a file
    that is held out stay so, whatever a field says. Named, it counts in every file.

    Args:
        found: The files of a source.
        columns: The fields that were named, by role; those of other roles are passed over.
        split: The split that was named for all files; None for none.

    Raises:
        RecipeError: A field that was named cannot tell it.
        SourceError: No row has it, or it tells what cannot be written.
    """
    asked = {role: columns[role] for role in ROLES if role in columns}
    for role, path in asked.items():
        if set(path) & set("+[]"):
            raise RecipeError(
                f"The role {role} takes one field, not {path[:40]!r}.",
                f"For example: --columns {role}=meta.{role}",
            )
    named = {role: path for role, path in asked.items() if path != NOTHING}
    files, remarks, told = list[SourceFile](), list[str](), dict[str, str]()
    samples = [_sample(file) for file in found.files]
    if named and any(samples):
        check_columns(named, [row for rows in samples for row in rows], ())
    for file, rows in zip(found.files, samples, strict=True):
        paths = _choose(file, rows, asked, split is not None)
        if split and SPLIT not in asked and _tells_splits(file, rows):
            remarks.append(f"{file.path}: its field split tells splits; --split overrules it.")
        if not paths:
            files.append(file)
            continue
        told |= paths
        parts, said = _divide(file, paths, rows)
        files += parts
        remarks.append(said)
    if not told:
        return Divided(found._replace(remarks=[*found.remarks, *remarks]), {})
    return Divided(Found(number_among(files), [*found.remarks, *remarks]), told)


def find_told(files: Sequence[SourceFile]) -> list[SourceFile]:
    """The files, held out or not, of which a field `split` in the first rows tells splits."""
    return [file for file in files if _name_splits(_sample(file))]


def _sample(file: SourceFile) -> list[dict[str, Any]]:
    """The first rows of a file of pairs."""
    if file.kind != Kind.PAIRS:
        return []
    rows = sample_rows(file, EVERY)
    return [row for row in rows if isinstance(row, dict)]


def _choose(
    file: SourceFile, rows: list[dict[str, Any]], asked: Mapping[str, str], settled: bool
) -> dict[str, str]:
    """The fields that tell where the rows of a file belong, by role."""
    if file.kind != Kind.PAIRS:
        return {}
    paths = {role: path for role, path in asked.items() if path != NOTHING}
    if SPLIT not in asked and not settled and _tells_splits(file, rows):
        paths[SPLIT] = SPLIT
    return paths


def _tells_splits(file: SourceFile, rows: list[dict[str, Any]]) -> bool:
    """Whether a field `split` of the first rows of a file to train on tells splits."""
    return not is_held_out(file.split) and _name_splits(rows)


def _name_splits(rows: list[dict[str, Any]]) -> bool:
    said = {row[SPLIT] for row in rows if isinstance(row.get(SPLIT), str)}
    return any(len(value) <= LONGEST and splits_told(value) for value in said)


def _divide(
    file: SourceFile, paths: Mapping[str, str], rows: list[dict[str, Any]]
) -> tuple[list[SourceFile], str]:
    """The files that a file is divided into, and a sentence on it."""
    steps = {role: _steps(path, rows) for role, path in paths.items()}
    told = Told(steps.get(SPLIT), steps.get(SUBSET), (file.subset, file.split))
    counts, silent = _count(file, told)
    _check(file, paths, counts)
    told = told._replace(known=frozenset(counts))
    parts = [
        file._replace(subset=subset, split=split, told=told)
        for subset, split in sorted(counts) or [told.home]
    ]
    shown = {place: _name(place, told) for place in sorted(counts)}
    said = ", ".join(f"{shown[place]} {counts[place]:,}" for place in shown) or "nothing"
    fields = " and ".join(f"{role} by its field {path}" for role, path in paths.items())
    unsaid = f"; {silent:,} tell none, and are {_name(told.home, told)}" if silent else ""
    return parts, f"{file.path}: the rows of each {fields}: {said}{unsaid}."


def _steps(path: str, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """The names that lead to a field; a name may itself have dots."""
    return (path,) if any(path in row for row in rows) else tuple(path.split("."))


def _name(place: Place, told: Told) -> str:
    return place[1] if told.subset is None else "/".join(place)


def _count(file: SourceFile, told: Told) -> tuple[Counter[Place], int]:
    """How many rows belong where, and how many do not tell.

    Raises:
        SourceError: The file cannot be read on, or its field is no text.
    """
    counts, silent = Counter[Place](), 0
    with suppress(DamagedInputError), WatchedFile(file.place, file.path) as metered:
        for rows in format_of(file.path).read(Reading(metered, file.path, _schema(told), ())):
            for texts, count in _texts(file, rows, told).items():
                counts[_place(texts, told)] += count
                silent += count if _is_silent(texts, told) else 0
            if len(counts) > MOST_PLACES:
                break
    return counts, silent


def _check(file: SourceFile, paths: Mapping[str, str], counts: Mapping[Place, int]) -> None:
    """Checks that what rows tell can be written, and does not contradict itself.

    Raises:
        SourceError: It cannot, or does.
    """
    hint = "; ".join(
        f"--columns {role}={NOTHING} leaves the field {p}" for role, p in paths.items()
    )
    if len(counts) > MOST_PLACES:
        raise SourceError(
            f"{file.path}: {' and '.join(paths.values())} tells more than {MOST_PLACES} places "
            "where rows belong.",
            f"Has it another meaning? {hint}",
        )
    for subset, split in counts:
        if subset == redteam.SUBSET:
            raise SourceError(f"{file.path}: pairs cannot be of {subset}.", hint)
        if not is_held_out(split) and split not in (file.split, TRAIN):
            split_told(split, f"the split {split} in {file.path}")


def _schema(told: Told) -> pa.Schema:
    """The fields that tell, as they are read."""
    return _joined([steps for steps in (told.split, told.subset) if steps is not None])


def _joined(paths: Sequence[tuple[str, ...]]) -> pa.Schema:
    """The schema of texts at paths, of which some may lie in one object."""
    fields = []
    for name in dict.fromkeys(steps[0] for steps in paths):
        inner = [steps[1:] for steps in paths if steps[0] == name and steps[1:]]
        fields.append(pa.field(name, pa.struct(list(_joined(inner))) if inner else pa.string()))
    return pa.schema(fields)


Texts = tuple[str | None, str | None]
"""What a row says of its subset and its split."""


def _columns(file: SourceFile, rows: Rows, told: Told) -> Iterator[Texts]:
    """What each row says."""
    table = format_of(file.path).to_table(rows, _schema(told), (), file.path).table

    def column(steps: tuple[str, ...] | None) -> list[str | None]:
        if steps is None:
            return [""] * len(table)
        held = table[steps[0]].combine_chunks()
        for name in steps[1:]:
            held = held.flatten()[held.type.get_field_index(name)]
        texts: list[str | None] = held.to_pylist()
        return texts

    yield from zip(column(told.subset), column(told.split), strict=True)


def _texts(file: SourceFile, rows: Rows, told: Told) -> Counter[Texts]:
    """How many rows say what; None for what is blank, or cannot be written as a name."""
    found = Counter[Texts]()
    for (subset, split), count in Counter(_columns(file, rows, told)).items():
        found[subset_said(subset), split_said(split)] += count
    return found


def _place(said: Texts, told: Told) -> Place:
    """Where a row belongs."""
    subset, split = said
    home_subset, home_split = told.home
    return (
        home_subset if told.subset is None or subset is None else subset,
        home_split if told.split is None or split is None else split,
    )


def _is_silent(said: Texts, told: Told) -> bool:
    """Whether a row leaves one of the two to its file."""
    subset, split = said
    return (told.subset is not None and subset is None) or (
        told.split is not None and split is None
    )


@lru_cache(maxsize=4_096)
def split_said(text: str | None) -> str | None:
    """The split that a text names, as it is written; None where it names none.

    >>> split_said("Valid"), split_said("valid1"), split_said(" ")
    ('validation', 'valid1', None)
    """
    word = (text or "").strip()
    if word.lower() in SPLIT_OF:
        return SPLIT_OF[word.lower()]
    with suppress(SourceError):
        return written(word, "a row")
    return None


@lru_cache(maxsize=4_096)
def subset_said(text: str | None) -> str | None:
    """The subset that a text names, as it is written; None where it names none.

    Raises:
        SourceError: No subset may be called so.
    """
    word = (text or "").strip()
    return slug_of(word) if word else None


def only_own(file: SourceFile, blocks: Iterator[Rows]) -> Iterator[Rows]:
    """The rows of a file that belong to its subset and split.

    Args:
        file: The file; all rows are its own where nothing tells otherwise.
        blocks: Its rows.

    Raises:
        SourceError: Rows tell what they did not when the file was divided.
    """
    told = file.told
    if told is None:
        yield from blocks
        return
    for rows in blocks:
        places: dict[Texts, Place] = {}
        own = np.zeros(len(rows.numbers), bool)
        for row, texts in enumerate(_columns(file, rows, told)):
            if texts not in places:
                said = subset_said(texts[0]), split_said(texts[1])
                places[texts] = _place(said, told)
                if places[texts] not in told.known:
                    raise changed(file.path)
            own[row] = places[texts] == (file.subset, file.split)
        if own.all():
            yield rows
        elif own.any():
            yield rows.take(np.flatnonzero(own))
