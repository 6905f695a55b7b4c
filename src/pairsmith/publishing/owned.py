"""What a build owns, here and in a repository: by which files of the two are compared.

Annotations are said of a build later, by whomever, and are no part of it: they are not sent, and
those that a repository holds stay as they are.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.dataset import card, card_audit, explorations, manifest
from pairsmith.dataset.manifest import Manifest, parse_manifest
from pairsmith.errors import OutputError
from pairsmith.io import git
from pairsmith.io.durable import sha256_of
from pairsmith.publishing.refusals import PublishError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo, RepoFile

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


def owned_files(out: Path, built: Manifest) -> list[Owned]:
    """The files of a build that was checked.

    What it lists, the card, the manifest, and the audit and the exploration of this very build.
    """
    listed = [Owned(o.path, out / o.path, o.bytes, o.sha256) for o in built.outputs]
    mine = sha256_of(out / manifest.NAME)
    said = [path for files in (AUDIT, EXPLORATION) if _is_of(mine, out, files) for path in files]
    others = [card.NAME, manifest.NAME, *said]
    return [
        *(
            Owned(path, out / path, (out / path).stat().st_size, sha256_of(out / path))
            for path in others
        ),
        *listed,
    ]


def _is_of(mine: str, out: Path, files: tuple[str, ...]) -> bool:
    """Whether these files are there, and said of the build whose manifest has this hash."""
    try:
        said = json.loads((out / files[0]).read_bytes())
        fits: bool = said["manifest"] == mine
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return fits and all((out / path).is_file() for path in files)


def earlier_paths(
    api: HfApi, info: DatasetInfo, mine: Owned, there: RepoFile | None
) -> frozenset[str]:
    """The files that the build in a repository owns there; none where it holds no build.

    Args:
        api: The stock client.
        info: The repository.
        mine: The manifest of the build that is to take its place.
        there: The manifest in the repository.

    Raises:
        PublishError: What is called a manifest there is not a build's.
    """
    if there is None:
        return frozenset()
    if is_same(mine, there):
        return SAID
    earlier = _read(api, info, there)
    return frozenset(entry.path for entry in earlier.outputs) | SAID


def _read(api: HfApi, info: DatasetInfo, there: RepoFile) -> Manifest:
    """The manifest that a repository holds.

    Raises:
        PublishError: It is not a build's.
    """
    fault = f"{info.id} holds a {manifest.NAME} that is not of a build of this version"
    hint = "Name another repository, or delete that file there."
    if there.size > MANIFEST_BYTES:
        raise PublishError(f"{fault}: it has {there.size:,} bytes.", hint)
    with tempfile.TemporaryDirectory(prefix="pairsmith-") as held:
        path = api.hf_hub_download(
            info.id, manifest.NAME, repo_type="dataset", revision=info.sha, local_dir=held
        )
        try:
            return parse_manifest(Path(path))
        except OutputError as error:
            said = error.message.replace(path, "it")
            raise PublishError(f"{fault}: {said}", hint) from error


def is_same(mine: Owned, there: RepoFile) -> bool:
    """Whether a file in a repository has the bytes of one here."""
    if there.size != mine.bytes:
        return False
    if there.lfs is not None:
        return there.lfs.sha256 == mine.sha256
    return there.blob_id == git.id_of_file(mine.place, mine.bytes)
