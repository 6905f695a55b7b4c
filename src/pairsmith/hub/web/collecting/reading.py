"""A dataset read as a build, in a process of its own: whoever uploaded it may be anybody.

A shard of 25 kB can hold rows that take gigabytes. In a thread that would end the hub for all; here
it ends a process, within a time and a memory, see `hub.http.processes`. What is read goes through a
file of JSON lines, whose length is bounded too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pairsmith.errors import CollectionError
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.http.processes import BusyError, TooMuchWorkError, Workers

if TYPE_CHECKING:
    from pairsmith.collecting.items import Item

T = TypeVar("T")

SECONDS = 300.0  # of a worker for one dataset
MEMORY = 2 << 30  # bytes of a worker: 10,000 rows of 60 kB are read at a time
MAX_ITEM_BYTES = 2 << 30  # of all that are taken, as JSON lines
WORKERS = Workers(1, wait=30.0, queue=3)


class Read(NamedTuple):
    """What a worker tells of a build.

    Attributes:
        sha256: Of its manifest.
        annotation: The name and the hash of the annotation whose rows come first; None without.
    """

    sha256: str
    annotation: dict[str, str] | None


def read_apart(
    build: Path, out: Path, reviews: bool, annotation: str | None, subset: str | None, most: int
) -> Read:
    """Has a worker write the items of a build to a file; `items_in` reads them there.

    Args:
        build: Its folder.
        out: The file.
        reviews: Whether its attempts are wanted; else its pairs.
        annotation: Whose rows come first, of pairs.
        subset: Only of this subset, of pairs.
        most: The largest number of items.

    Raises:
        HubError: 400, where that takes too long or too much memory; 503, where others are at it.
        PairsmithError: It is no build, or none with such items.
    """
    wanted = (str(build), str(out), reviews, annotation, subset, most)
    return _apart(_write_items, *wanted)


def annotate_apart(collection: Path, build: Path, name: str) -> Path:
    """Has a worker write what people said in a collection as an annotation of a build.

    Args:
        collection: Its folder.
        build: The folder of the build, to which the annotation is added.
        name: What the annotation is called.

    Returns:
        The folder of the annotation.

    Raises:
        HubError: As of `read_apart`.
        PairsmithError: It cannot be annotated so.
    """
    return Path(_apart(_annotate, str(collection), str(build), name))


def items_in(path: Path) -> Iterator[Item]:
    """The items that a worker wrote."""
    from pairsmith.collecting.items import Item

    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Item(**json.loads(line))


def _apart(function: Callable[..., T], *args: object) -> T:
    try:
        return WORKERS.run(function, *args, seconds=SECONDS, memory=MEMORY)
    except BusyError as error:
        raise HubError(503, "Other datasets are being read. Try again in a minute.") from error
    except TooMuchWorkError as error:
        raise bad_request(f"The dataset cannot be read here: {error}") from error


def _write_items(
    build: str, out: str, reviews: bool, annotation: str | None, subset: str | None, most: int
) -> Read:
    from pairsmith.collecting.items import attempts_of_build, pairs_of_build

    found = attempts_of_build(build) if reviews else pairs_of_build(build, annotation, subset)
    left = MAX_ITEM_BYTES
    with Path(out).open("w", encoding="utf-8", newline="\n") as file:
        for item in islice(found.items, most):
            left -= file.write(json.dumps(item._asdict()) + "\n")
            if left < 0:
                raise CollectionError(f"Its rows have more than {MAX_ITEM_BYTES:,} characters.")
    return Read(found.sha256, found.annotation)


def _annotate(collection: str, build: str, name: str) -> str:
    from pairsmith.collecting.collection import open_collection
    from pairsmith.collecting.opinions import annotate_opinions

    with open_collection(collection) as opened:
        return str(annotate_opinions(opened, build, name).folder)
