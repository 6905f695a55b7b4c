"""The manifest of what a collection exported: of which events it was made, and what became of them.

`kind` is `collection`. It names nobody and no server.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith._version import __version__
from pairsmith.collecting.store import Reached
from pairsmith.errors import CollectionError
from pairsmith.io.durable import sha256_of, write_text_durably

NAME = "manifest.json"
KIND = "collection"
FORMAT = 1


class Entry(NamedTuple):
    """What became of what belongs to one split of a subset: `read` = `kept` + Σ `unkept`.

    Attributes:
        subset, split: Which.
        kept: Rows of the source.
        unkept: What made none, by why.
    """

    subset: str
    split: str
    kept: int
    unkept: dict[str, int]

    @property
    def read(self) -> int:
        """All of it."""
        return self.kept + sum(self.unkept.values())


class Output(NamedTuple):
    """A file that was written."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class CollectionManifest:
    """What was exported of a collection.

    Attributes:
        title: The project's.
        project: The sha256 of the project.
        events: How many events there were, and the hash of all of them.
        people: How many people did something.
        ledger: What became of it.
        outputs: The files, in the order of their paths.
        pairsmith: The version that wrote them.
    """

    title: str
    project: str
    events: Reached
    people: int
    ledger: tuple[Entry, ...]
    outputs: tuple[Output, ...]
    pairsmith: str = __version__

    @property
    def kept(self) -> int:
        """Rows of the source."""
        return sum(entry.kept for entry in self.ledger)

    @property
    def unkept(self) -> dict[str, int]:
        """What made no row, by why."""
        counted: Counter[str] = Counter()
        for entry in self.ledger:
            counted.update(entry.unkept)
        return dict(sorted(counted.items()))

    def to_dict(self) -> dict[str, Any]:
        """As the file holds it."""
        return {
            "kind": KIND,
            "format": FORMAT,
            "pairsmith": self.pairsmith,
            "project": {"name": self.title, "sha256": self.project},
            "events": self.events._asdict(),
            "people": self.people,
            "ledger": [
                {"subset": e.subset, "split": e.split, "read": e.read, **e._asdict()}
                for e in self.ledger
            ],
            "outputs": [entry._asdict() for entry in self.outputs],
        }


def write_manifest(folder: Path, manifest: CollectionManifest) -> None:
    """Writes it, whole or not at all."""
    text = json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False)
    write_text_durably(folder / NAME, text + "\n")


def read_manifest(folder: Path) -> CollectionManifest | None:
    """What a folder holds of an export; None where there is no manifest.

    Raises:
        CollectionError: It is that of something else, or cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        return _manifest(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CollectionError(f"{path} is not the manifest of a collection: {error}.") from None


def _manifest(held: Mapping[str, Any]) -> CollectionManifest:
    if held["kind"] != KIND or held["format"] != FORMAT:
        raise ValueError(f"its kind is {held['kind']!r} of format {held['format']!r}")
    ledger = (Entry(e["subset"], e["split"], e["kept"], dict(e["unkept"])) for e in held["ledger"])
    return CollectionManifest(
        title=held["project"]["name"],
        project=held["project"]["sha256"],
        events=Reached(**held["events"]),
        people=held["people"],
        ledger=tuple(ledger),
        outputs=tuple(Output(**entry) for entry in held["outputs"]),
        pairsmith=held["pairsmith"],
    )


def describe(folder: Path, path: str, rows: int) -> Output:
    """A file that was written, as a manifest lists it."""
    return Output(path, rows, (folder / path).stat().st_size, sha256_of(folder / path))
