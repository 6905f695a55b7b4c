"""What is to be judged, taken from a dataset of this hub that holds a build."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pairsmith.collecting.events import Kind
from pairsmith.collecting.items import FromBuild
from pairsmith.collecting.project import Mode
from pairsmith.collecting.tasks import import_items
from pairsmith.errors import PairsmithError
from pairsmith.hub import permissions
from pairsmith.hub.http.errors import HubError, MovedError, bad_request
from pairsmith.hub.repos import files, history
from pairsmith.hub.web.collecting.reading import annotate_apart, items_in, read_apart
from pairsmith.io.durable import sha256_of

if TYPE_CHECKING:
    from pairsmith.collecting.pages.served import Served
    from pairsmith.hub.repos.repos import Repo
    from pairsmith.hub.web.collecting.entering import Entered

MAX_FILES = 2000  # of a build
MAX_BUILD_BYTES = 2 << 30
MANIFEST = "manifest.json"
UNREADABLE = (ValueError, KeyError, TypeError, OSError, RuntimeError)
"""What Parquet that is none may raise."""

MAX_ITEMS = 100_000  # of a build that are taken, the most doubted first


def take_dataset(
    entered: Entered, served: Served, named: str, annotation: str | None, subset: str | None
) -> int:
    """Takes the items of a dataset, by its name, into a collection that has none.

    Raises:
        HubError: 400 where it is no build, or too large; 404 where the caller may not know of it;
            403 where it is not open to all, and they may not let others in.
    """
    repo = _find(entered, named)
    with _laid_out(entered, repo) as build, _said_of(repo, build):
        reviews = served.collection.project().mode == Mode.REVIEW
        out = build.parent / "items.jsonl"
        told = read_apart(build, out, reviews, annotation, subset, MAX_ITEMS)
        found = FromBuild(repo.full_name, told.sha256, str(build), told.annotation, items_in(out))
        return import_items(served.collection, found, MAX_ITEMS)


@contextmanager
def annotated(entered: Entered, served: Served, name: str) -> Iterator[Path]:
    """The folder of an annotation of the dataset that was judged, for as long as the block lasts.

    Args:
        entered: Who asks.
        served: The collection.
        name: What the annotation is called.

    Raises:
        HubError: 409 where nothing was judged, or the dataset is no longer what it was; 404 and 403
            as of `take_dataset`.
    """
    with served.collection.store.read() as transaction:
        taken = transaction.last(Kind.IMPORTED)
    if taken is None:
        raise HubError(409, "Nothing was taken from a dataset: there is nothing to annotate.")
    repo = _find(entered, str(taken.body["build"]["name"]))
    with _laid_out(entered, repo) as build, _said_of(repo, build):
        if sha256_of(build / MANIFEST) != taken.body["build"]["sha256"]:
            raise HubError(409, f"{repo.full_name} is no longer the build that was judged.")
        yield annotate_apart(served.collection.folder, build, name)


def _find(entered: Entered, named: str) -> Repo:
    """A dataset by its name, for who may show what is in it to others.

    Raises:
        HubError: 404 and 403 as of `take_dataset`.
    """
    owner, _, name = named.partition("/")
    try:
        with entered.hub.database.read() as db:
            repo = permissions.readable(db, entered.hub, entered.caller, "dataset", owner, name)
            if repo.private or repo.gate != "off":  # who takes part sees what is in it
                permissions.administrable(db, entered.caller, "dataset", owner, name)
    except MovedError as moved:
        raise HubError(404, f"That dataset is {moved.owner}/{moved.name} now.") from moved
    where = {"path": MANIFEST, "revision": history.MAIN}
    permissions.record_read(entered.hub, entered.caller, repo, "read", **where)
    return repo


@contextmanager
def _said_of(repo: Repo, build: Path) -> Iterator[None]:
    """Has what is wrong with a dataset be said by its name.

    Raises:
        HubError: 400, where it is no build, or its files are not what they are called.
    """
    try:
        yield
    except PairsmithError as error:
        said = f"{error.message} {error.hint}".replace(str(build), repo.full_name)
        raise bad_request(said.strip()) from error
    except UNREADABLE as error:
        raise bad_request(f"{repo.full_name} cannot be read as a build.") from error


@contextmanager
def _laid_out(entered: Entered, repo: Repo) -> Iterator[Path]:
    """The files of a dataset's main branch in a folder, linked to its contents.

    Nothing there is written to: what is written beside them are other files.

    Raises:
        HubError: 400, where there are none, or too many.
    """
    hub = entered.hub
    with hub.database.read() as db:
        head = history.head(db, repo, history.MAIN)
        listed = [] if head is None else files.under(db, head, limit=MAX_FILES + 1)
    if not listed:
        raise bad_request(f"{repo.full_name} holds no files.")
    if len(listed) > MAX_FILES or sum(one.size for one in listed) > MAX_BUILD_BYTES:
        raise bad_request(
            f"{repo.full_name} is too large: up to {MAX_FILES:,} files of {MAX_BUILD_BYTES:,} bytes"
            " together are taken."
        )
    with tempfile.TemporaryDirectory(prefix="parts-build-", dir=hub.blobs.staging) as folder:
        build = Path(folder) / "build"
        build.mkdir()
        for one in listed:
            place = build / one.path  # which `files.clean` let in: it leads nowhere else
            place.parent.mkdir(parents=True, exist_ok=True)
            content = hub.blobs.path(one.blob)
            if not content.is_file():
                raise HubError(410, f"A file of {repo.full_name} is lost; its owner is told which.")
            try:
                os.link(content, place)  # what reads annotations takes no symbolic links
            except OSError:  # a file system without links
                shutil.copyfile(content, place)
        yield build
