"""What was made, as its manifest tells it: what it is, what it was made from, what it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from pairsmith.dataset.annotation import BuildId


class Kind(StrEnum):
    """What a folder, or what stands in for one, is."""

    BUILD = "build"
    REWARD = "reward"
    DPO = "dpo"
    RL = "rl"
    ANNOTATION = "annotation"
    EVALUATION = "evaluation"
    EXPLORATION = "exploration"
    SAMPLES = "samples"
    COLLECTION = "collection"
    EXPORT = "export"
    MODEL = "model"
    FILES = "files"
    SERVER = "server"
    OTHER = "other"


class Is(StrEnum):
    """What a recorded hash is of."""

    RECORD = "record"
    MODEL = "model"
    FILE = "file"
    SERVER = "server"
    ANY = "any"


class File(NamedTuple):
    """A file as a manifest lists it.

    Attributes:
        path: Below its folder.
        bytes: Its size; None where the manifest does not tell it.
        sha256: Of its bytes.
        rows: Its rows; None where the manifest does not tell them.
    """

    path: str
    bytes: int | None
    sha256: str
    rows: int | None = None


class Link(NamedTuple):
    """Something that a manifest names by its hash as what it was made from.

    Attributes:
        role: What it was to it, such as `base` or `source`.
        name: As it is recorded.
        sha256: As it is recorded; empty for a server.
        of: What the hash is of.
        files: The files of a source, which are looked for one by one; else empty.
        rows_of: For the build of an annotation, what tells other builds of the same rows.
        ends: Of a model that wrote replies, where these end, as far as its hash does not tell, see
            `models.generation_settings`; None where that is not of account.
    """

    role: str
    name: str
    sha256: str
    of: Is
    files: tuple[File, ...] = ()
    rows_of: BuildId | None = None
    ends: str | None = None


@dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        kind: What it is.
        folder: Where it lies; None for a server.
        name: What it is called where the folder's own name does not tell it.
        sha256: Of its manifest; of a model without one its identity; empty for files alone.
        identity: The identity of a run's model, by the files that its manifest lists; else empty.
        parents: What it was made from, in the order in which it is to be told.
        outputs: The files that it lists as its own.
        rows: How many it holds or learnt from; None where that is not told.
        round: Its tag; empty for none.
        build: For a build, what tells its rows.
    """

    kind: Kind
    folder: Path | None
    name: str
    sha256: str
    identity: str = ""
    parents: tuple[Link, ...] = ()
    outputs: tuple[File, ...] = ()
    rows: int | None = None
    round: str = ""
    build: BuildId | None = None

    @property
    def hash(self) -> str:
        """The hash that it is known by: of a run, the identity of its model."""
        return self.identity or self.sha256
