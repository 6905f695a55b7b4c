"""What a build or a run owns, here and in a repository: by which files of the two are compared.

Annotations are said of a build later, by whomever, and are no part of it: they are not sent, and
those that a repository holds stay as they are.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.dataset import card, card_audit, explorations, manifest
from pairsmith.dataset.manifest import FileEntry, Manifest, parse_manifest
from pairsmith.errors import ModelError, OutputError
from pairsmith.io import git
from pairsmith.io.durable import digest_of, sha256_of
from pairsmith.models.run_folder import OutputFile as RunFile
from pairsmith.models.run_folder import RunManifest, read_run
from pairsmith.publishing.refusals import PublishError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo, ModelInfo, RepoFile

    from pairsmith.publishing.bundle import Bundle

AUDIT = tuple(
    f"{card_audit.FOLDER}/{name}"
    for name in (card_audit.NAME, card_audit.REPORT, card_audit.FINDINGS)
)
EXPLORATION = tuple(
    f"{explorations.FOLDER}/{name}" for name in (explorations.NAME, explorations.REPORT)
)
SAID = frozenset(AUDIT) | frozenset(EXPLORATION)
"""What is said of a build and goes with it: the first file of each says of which build it is."""

MANIFEST_BYTES = 1 << 26
"""A manifest may be so long; each shard takes about 200 bytes of it."""


class Owned(NamedTuple):
    """A file of a build.

    Attributes:
        path: Below the folder, and in the repository.
        place: Where it lies.
        bytes: Its size.
        sha256: Of its bytes.
    """

    path: str
    place: Path
    bytes: int
    sha256: str


def owned_files(bundle: Bundle) -> list[Owned]:
    """The files of a build or a run that was checked.

    What its manifest lists, the card, the manifest; and the audit and the exploration of this very
    build. Whatever else lies in the folder, such as checkpoints, stays at home.
    """
    out, held = bundle.place, bundle.held
    if isinstance(held, RunManifest):
        outputs = [entry for entry in held.outputs if entry.path != card.NAME]
        return [*(_owned(out, path) for path in (card.NAME, manifest.NAME)), *_listed(out, outputs)]
    said = [path for files in (AUDIT, EXPLORATION) if _is_of(out, files) for path in files]
    others = [card.NAME, manifest.NAME, *said]
    return [*(_owned(out, path) for path in others), *_listed(out, held.outputs)]


def _owned(out: Path, path: str) -> Owned:
    return Owned(path, out / path, *digest_of(out / path))


def _listed(out: Path, outputs: Iterable[FileEntry | RunFile]) -> list[Owned]:
    return [Owned(entry.path, out / entry.path, entry.bytes, entry.sha256) for entry in outputs]


def _is_of(out: Path, files: tuple[str, ...]) -> bool:
    """Whether these files are there, and said of the build in the folder."""
    mine = sha256_of(out / manifest.NAME)
    try:
        said = json.loads((out / files[0]).read_bytes())
        fits: bool = said["manifest"] == mine
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return fits and all((out / path).is_file() for path in files)


def read_earlier(
    api: HfApi, bundle: Bundle, info: DatasetInfo | ModelInfo, there: RepoFile | None
) -> Manifest | RunManifest | None:
    """The build or run that a repository holds; None where it holds none.

    Args:
        api: The stock client.
        bundle: What is to take its place.
        info: The repository.
        there: The manifest in the repository.

    Raises:
        PublishError: What is called a manifest there is of something else.
    """
    if there is None:
        return None
    if is_same(_owned(bundle.place, manifest.NAME), there):
        return bundle.held
    return _read(api, bundle, info, there)


def earlier_paths(earlier: Manifest | RunManifest | None) -> frozenset[str]:
    """The files that a build or run in a repository owns there; none where it holds none."""
    if earlier is None:
        return frozenset()
    said = frozenset() if isinstance(earlier, RunManifest) else SAID
    return frozenset(entry.path for entry in earlier.outputs) | said


def _read(
    api: HfApi, bundle: Bundle, info: DatasetInfo | ModelInfo, there: RepoFile
) -> Manifest | RunManifest:
    """The manifest that a repository holds.

    Raises:
        PublishError: It is of something else.
    """
    fault = f"{info.id} holds a {manifest.NAME} that is not of a {bundle.noun} of this version"
    hint = "Name another repository, or delete that file there."
    if there.size > MANIFEST_BYTES:
        raise PublishError(f"{fault}: it has {there.size:,} bytes.", hint)
    with tempfile.TemporaryDirectory(prefix="pairsmith-") as held:
        path = api.hf_hub_download(
            info.id, manifest.NAME, repo_type=bundle.kind, revision=info.sha, local_dir=held
        )
        try:
            if bundle.kind == "model":
                return read_run(Path(path).parent)
            return parse_manifest(Path(path))
        except (ModelError, OutputError) as error:
            said = error.message.replace(path, "it")
            raise PublishError(f"{fault}: {said}", hint) from error


def is_same(mine: Owned, there: RepoFile) -> bool:
    """Whether a file in a repository has the bytes of one here."""
    if there.size != mine.bytes:
        return False
    if there.lfs is not None:
        return there.lfs.sha256 == mine.sha256
    return there.blob_id == git.id_of_file(mine.place, mine.bytes)
