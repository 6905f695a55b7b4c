"""An annotation: who said what, of which build; its manifest, and its statements."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.manifest import FileEntry, Manifest
from pairsmith.dataset.statements import BATCH, read_parts
from pairsmith.errors import AnnotationError
from pairsmith.schema.annotations import Action
from pairsmith.schema.reasons import DROPS

NAME = "manifest.json"
FORMAT = 1

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
PART = re.compile(r"part-\d{5,}-[0-9a-f]{16}\.parquet")


@dataclass(frozen=True)
class Annotator:
    """Who or what says something of rows, and what its labels are good for.

    Attributes:
        name: A program, a model, a person.
        version: Of that.
        recipe: What decided what it says, as JSON has it: its options, a model's hash, a seed.
        actions: For a label, what `build --apply` does with its rows: an `Action`. With the rows
            of any other label it does `drop`.
        reasons: For a label whose rows are dropped, the reason that they get: one of those that
            `build --drop` gives. Rows of any other label get `Reason.ANNOTATED`.
    """

    name: str
    version: str
    recipe: Mapping[str, Any] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


class BuildId(NamedTuple):
    """What tells the build that an annotation is of, and what its ids name.

    Attributes:
        manifest: The sha256 of the build's manifest.
        shape: The shape that the source's rows were read in.
        inputs: The sha256 of each file of the source, by path.
        splits: For each of these files, `subset/split`: what the ids of its rows begin with.
    """

    manifest: str
    shape: str
    inputs: dict[str, str]
    splits: list[str]

    def difference(self, other: BuildId) -> str:
        """Why the ids of the other build name other rows than these; empty where they do not."""
        if self.inputs.keys() != other.inputs.keys() or self.splits != other.splits:
            return f"of {', '.join(self.inputs)} as {', '.join(self.splits)}"
        changed = [path for path, sha256 in self.inputs.items() if other.inputs[path] != sha256]
        if changed:
            return f"of other contents of {', '.join(changed)}"
        return "" if self.shape == other.shape else f"of rows read as {self.shape}"


def build_id(built: Manifest, sha256: str) -> BuildId:
    """What tells a build.

    Args:
        built: Its manifest.
        sha256: Of that file.
    """
    return BuildId(
        sha256,
        built.recipe.shape,
        {entry.path: entry.sha256 for entry in built.inputs},
        [f"{entry.subset}/{entry.split}" for entry in built.ledger],
    )


@dataclass(frozen=True)
class Annotation:
    """What one annotator said of the rows of a build.

    Attributes:
        name: Its own: the name of its folder.
        annotator: Who said it.
        build: The build that it is of.
        files: Its parts, in order; `rows` are statements.
        labels: The number of statements with each label; those without one are not counted.
        said: The rows of the build of which it says something.
        not_said: The other rows of the build, by why it says nothing of them.
        pairsmith: The version that wrote it.
        folder: Where it lies. Not written.
        sha256: Of its manifest. Not written.
    """

    name: str
    annotator: Annotator
    build: BuildId
    files: tuple[FileEntry, ...]
    labels: dict[str, int]
    said: int
    not_said: dict[str, int]
    pairsmith: str
    folder: Path = field(default=Path(), compare=False)
    sha256: str = field(default="", compare=False)

    @property
    def statements(self) -> int:
        """How many there are."""
        return sum(entry.rows for entry in self.files)

    def batches(self, label: str | None = None, rows: int = BATCH) -> Iterator[pa.RecordBatch]:
        """The statements, in the order in which they were made.

        Args:
            label: Only those with this label, or whose label has this reason.
            rows: At most this many in a batch.

        Yields:
            Batches that begin with the columns of `STATEMENTS`; none is empty.

        Raises:
            AnnotationError: No statement has the label, or a part cannot be read.
        """
        wanted = None if label is None else pa.array(self.labels_of(label), pa.string())
        for batch in read_parts(self.folder, self.files, rows):
            some = batch if wanted is None else batch.filter(pc.is_in(batch["label"], wanted))
            if len(some):
                yield some

    def of(self, ids: Collection[str], label: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """What is said of some rows, by id; nothing of most, perhaps.

        Args:
            ids: Ids of rows.
            label: As `batches`.
        """
        wanted = pa.array(sorted(ids), pa.string())
        found: dict[str, list[dict[str, Any]]] = {}
        for batch in self.batches(label):
            for statement in batch.filter(pc.is_in(batch["id"], wanted)).to_pylist():
                found.setdefault(statement.pop("id"), []).append(statement)
        return found

    def first_ids(self, count: int, label: str | None = None, beginning: str = "") -> list[str]:
        """The first rows of which something is said, at most `count`.

        Args:
            count: The most ids.
            label: As `batches`.
            beginning: What their ids begin with, such as `harmless-base/`.
        """
        found: dict[str, None] = {}
        for batch in self.batches(label):
            mine = batch["id"].filter(pc.starts_with(batch["id"], beginning))
            found |= dict.fromkeys(mine.to_pylist())
            if len(found) >= count:
                break
        return [*found][:count]

    def labels_of(self, label: str) -> list[str]:
        """The labels that a word stands for: itself, and those whose rows get it as reason.

        Raises:
            AnnotationError: No statement has such a label.
        """
        reasons = self.annotator.reasons
        found = [held for held in self.labels if label in (held, reasons.get(held))]
        if not found and label not in reasons.keys() | {*reasons.values()}:
            known = ", ".join([*self.labels][:12])
            raise AnnotationError(
                f"The annotation {self.name} has no label {label!r}.",
                f"Labels: {known}." if known else "None of its statements has a label.",
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """As the file holds it."""
        told = {"actions": self.annotator.actions, "reasons": self.annotator.reasons}
        return {
            "format": FORMAT,
            "name": self.name,
            "pairsmith": self.pairsmith,
            "annotator": {"name": self.annotator.name, "version": self.annotator.version},
            "recipe": dict(self.annotator.recipe),
            "build": {
                "manifest": self.build.manifest,
                "from": self.build.shape,
                "inputs": self.build.inputs,
                "splits": self.build.splits,
            },
            "files": [entry._asdict() for entry in self.files],
            "labels": self.labels,
            "rows": {"said": self.said, "not_said": self.not_said},
            **{name: dict(sorted(held.items())) for name, held in told.items() if held},
        }

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def check_annotator(annotator: Annotator) -> None:
    """Checks that an annotator is one that a manifest can hold.

    Raises:
        AnnotationError: A field is of another type, is not JSON, or names an action or a reason
            that there is not.
    """
    for name in ("name", "version"):
        if not isinstance(getattr(annotator, name), str) or not getattr(annotator, name):
            raise AnnotationError(f"The annotator's {name} is {getattr(annotator, name)!r}.")
    try:
        same = json.loads(json.dumps(annotator.recipe, allow_nan=False)) == annotator.recipe
    except (TypeError, ValueError) as error:
        raise AnnotationError(f"The annotator's recipe is not JSON: {error}.") from None
    if not isinstance(annotator.recipe, dict) or not same:
        raise AnnotationError("The annotator's recipe is not a JSON object.")
    _check_words("action", annotator.actions, [*Action])
    _check_words("reason", annotator.reasons, [*DROPS.values()])
    for label in annotator.reasons:
        if annotator.actions.get(label, Action.DROP) != Action.DROP:
            raise AnnotationError(f"The label {label!r} has a reason, but is not dropped.")


def _check_words(what: str, given: object, known: list[str]) -> None:
    if not isinstance(given, Mapping) or not all(isinstance(label, str) for label in given):
        raise AnnotationError(f"The annotator's {what}s are not by label.")
    strange = [word for word in given.values() if word not in known]
    if strange:
        raise AnnotationError(
            f"There is no {what} {strange[0]!r} for a label.",
            f"{what.title()}s: {', '.join(known)}.",
        )


def parse_annotation(text: str) -> Annotation:
    """Reads the text of a manifest.

    Raises:
        ValueError: It is not one that this version can read; the message says why.
    """
    try:
        held = json.loads(text)
        if held["format"] != FORMAT:
            raise ValueError(f"its format is {held['format']!r}, not {FORMAT}")
        return _annotation(held)
    except KeyError as error:
        raise ValueError(f"{error} is missing") from None
    except (TypeError, AttributeError, RecursionError, AnnotationError) as error:
        raise ValueError(error.message if isinstance(error, AnnotationError) else error) from None


def _annotation(held: Mapping[str, Any]) -> Annotation:
    annotator = Annotator(
        **held["annotator"],
        recipe=held["recipe"],
        actions=held.get("actions", {}),
        reasons=held.get("reasons", {}),
    )
    check_annotator(annotator)
    build, rows = held["build"], held["rows"]
    found = Annotation(
        name=held["name"],
        annotator=annotator,
        build=BuildId(build["manifest"], build["from"], build["inputs"], build["splits"]),
        files=tuple(FileEntry(**entry) for entry in held["files"]),
        labels=held["labels"],
        said=rows["said"],
        not_said=rows["not_said"],
        pairsmith=held["pairsmith"],
    )
    _check_fields(found)
    return found


def _check_fields(found: Annotation) -> None:
    build = found.build
    texts = [found.pairsmith, build.manifest, build.shape, *build.inputs.values(), *build.splits]
    sound = all(isinstance(text, str) for text in texts) and isinstance(build.splits, list)
    for entry in found.files:
        sound &= isinstance(entry.path, str) and isinstance(entry.sha256, str)
        sound &= is_count(entry.rows) and is_count(entry.bytes)
    for counts in (found.labels, found.not_said):
        sound &= all(is_count(count) for count in counts.values())
    if not sound or not is_count(found.said):
        raise TypeError("a field is of another type")
    if not isinstance(found.name, str) or not SLUG.fullmatch(found.name):
        raise ValueError(f"its name is {found.name!r}")
    strange = [entry.path for entry in found.files if not PART.fullmatch(entry.path)]
    if strange or not found.files:
        raise ValueError(f"it lists {strange[0]!r}" if strange else "it lists no files")


def is_count(value: object) -> TypeGuard[int]:
    """Whether it is a whole number, 0 or more."""
    return type(value) is int and value >= 0
