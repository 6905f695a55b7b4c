"""What is published: a build, as a dataset, or a run, as a model; and how others load it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pairsmith.dataset.manifest import NAME, Manifest, read_manifest
from pairsmith.dataset.verify import check
from pairsmith.errors import ModelError
from pairsmith.io.durable import digest_of
from pairsmith.models.run_folder import RunManifest, read_run
from pairsmith.publishing.refusals import PublishError
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.training.card import NAME as CARD
from pairsmith.training.folder import GROWING, PLAN

RepoKind = Literal["dataset", "model"]


@dataclass(frozen=True)
class Bundle:
    """A build or a run that is on this machine.

    Attributes:
        place: Its folder.
        held: Its manifest.
    """

    place: Path
    held: Manifest | RunManifest

    @property
    def kind(self) -> RepoKind:
        """The kind of repository that it goes to."""
        return "model" if isinstance(self.held, RunManifest) else "dataset"

    @property
    def noun(self) -> str:
        """What it is called here."""
        return "run" if isinstance(self.held, RunManifest) else "build"

    @property
    def message(self) -> str:
        """The title of the commit that brings it."""
        if isinstance(self.held, RunManifest):
            name = self.held.build["name"]
            return f"Preference model of {name}, trained by pairsmith {self.held.pairsmith}"
        return f"{self.held.totals.kept:,} rows, built by pairsmith {self.held.pairsmith}"

    @property
    def subset(self) -> str:
        """A subset to load: the first of pairs, or the first there is; '' for none."""
        if isinstance(self.held, RunManifest):
            return ""
        names = [entry.subset for entry in self.held.ledger if entry.kept]
        pairs = (name for name in names if kind_of(name) == Kind.PAIRS)
        return next(pairs, names[0] if names else "")

    @property
    def remarks(self) -> tuple[str, ...]:
        """What others will read in it that says something of this machine, in sentences."""
        config = self.held.config if isinstance(self.held, RunManifest) else {}
        named = config.get("model_name_or_path")
        if not isinstance(named, str) or not Path(named).is_absolute():
            return ()
        return (f"config.yaml and manifest.json name a folder of this machine: {named}.",)


def read_bundle(place: Path) -> Bundle:
    """What a folder holds, by its manifest alone.

    Raises:
        PublishError: A run in it has not ended, or its manifest is of none that is known.
        OutputError: It holds no build.
    """
    if not holds_run(place):
        return Bundle(place, read_manifest(place))
    try:
        return Bundle(place, read_run(place))
    except ModelError as error:
        raise PublishError(error.message, error.hint or "") from error


def prove_bundle(place: Path) -> Bundle:
    """What a folder holds, where it is as its manifest says.

    Raises:
        PublishError: It is not; nothing is sent then.
        OutputError: There is no such folder.
    """
    run = holds_run(place)
    bundle = read_bundle(place) if run else None
    found = _changed(place, bundle.held) if bundle else [(p.path, p.message) for p in check(place)]
    if found:
        named = "; ".join(f"{path}: {said.rstrip('.')}" for path, said in found[:3])
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        made, hint = "built", f"pairsmith check {place} says all of it."
        if run:
            made, hint = "trained", "Train it again, with --force; the card alone may be edited."
        raise PublishError(
            f"{place} is not as it was {made}, so nothing was sent: {named}{more}.", hint
        )
    return bundle or read_bundle(place)


def holds_run(place: Path) -> bool:
    """Whether a folder is a run's, finished or not, and no build's."""
    manifest = place / NAME
    if not manifest.exists():
        return (place / GROWING / PLAN).is_file()
    try:
        held = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(held, dict) and {"kind", "base"} <= held.keys()


def _changed(place: Path, held: Manifest | RunManifest) -> list[tuple[str, str]]:
    """The files of a run that are not as it wrote them, and in what; its card may be edited."""
    found = []
    for entry in held.outputs:
        path = place / entry.path
        inside = path.resolve().is_relative_to(place.resolve())
        if not inside or not path.is_file():
            found.append((entry.path, "it is not there"))
        elif entry.path != CARD and digest_of(path) != (entry.bytes, entry.sha256):
            found.append((entry.path, "it was changed since"))
    return found
