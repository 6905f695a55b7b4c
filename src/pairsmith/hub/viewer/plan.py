"""A plan: what there is to choose from at a commit, and the files of what was chosen.

It follows from the card and from the paths of the commit, neither of which changes; both are of
others. So it is made in a process apart, and kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from pairsmith.hub.repos.card import Config
from pairsmith.hub.viewer.annotations import annotations_among
from pairsmith.hub.viewer.formats import format_of, of_one_format
from pairsmith.hub.viewer.subsets import (
    MAX_ENTRIES,
    PatternsError,
    choose,
    files_of,
    subsets,
)

MAX_FILES = 1_000  # of a split are looked at
MAX_PATHS = 20_000  # files with rows of a commit, images and annotations, that are looked at


class Plan(NamedTuple):
    """What there is at a commit, and what is shown of it.

    Attributes:
        subsets: The names of its subsets, for the menu: the first, and the one that is shown.
        more_subsets: How many more it has.
        subset: The subset that is shown; '' where there is none.
        splits: The names of its splits.
        split: The split that is shown; '' where there is none.
        paths: The first of the split's files.
        files: How many files it has, of the format that is shown.
        others: How many it has of other formats, which are not shown with these.
        images: Whether the files are images, each a row.
        annotations: The names of annotations, for the menu.
        more_annotations: How many more there are.
        fault: Why there are no paths, where the card asks for too much; '' otherwise.
        whole: Whether all such files of the commit were looked at.
        looked: How many were, with the manifests of annotations.
    """

    subsets: Sequence[str] = ()
    more_subsets: int = 0
    subset: str = ""
    splits: Sequence[str] = ()
    split: str = ""
    paths: Sequence[str] = ()
    files: int = 0
    others: int = 0
    images: bool = False
    annotations: Sequence[str] = ()
    more_annotations: int = 0
    fault: str = ""
    whole: bool = True
    looked: int = 0

    @property
    def size(self) -> int:
        """Characters that it takes to be kept, about."""
        texts = (*self.subsets, *self.splits, *self.paths, *self.annotations)
        return sum(len(text) + 64 for text in texts) + len(self.fault) + 512


def make_plan(configs: Sequence[Config], paths: Sequence[str], subset: str, split: str) -> Plan:
    """Plans what is shown of a commit.

    Args:
        configs: What its card lists.
        paths: The paths of its files that can be shown, and of its annotations' manifests, in
            order; one more than `MAX_PATHS` where there are more.
        subset: The name of the subset that is asked for; '' for the one that is loaded unasked.
        split: The name of the split that is asked for; '' for the one to begin with.

    Raises:
        HubError: 404 where there is no such subset.
    """
    whole, paths = len(paths) <= MAX_PATHS, paths[:MAX_PATHS]
    annotations, parts = annotations_among(paths)
    rows = [path for path in paths if path not in parts]
    plan = Plan(
        annotations=annotations[:MAX_ENTRIES],
        more_annotations=max(0, len(annotations) - MAX_ENTRIES),
        whole=whole,
        looked=len(paths),
    )
    found = subsets(configs, rows)
    if not found:
        return plan
    chosen, shown = choose(found, subset, split, rows)
    names = [one.name for one in found]
    menu = list(dict.fromkeys([*names[:MAX_ENTRIES], chosen.name]))
    plan = plan._replace(
        subsets=menu,
        more_subsets=len(names) - len(menu),
        subset=chosen.name,
        splits=[one.name for one in chosen.splits],
        split=shown.name,
    )
    try:
        every = files_of(shown, rows)
    except PatternsError as error:
        return plan._replace(fault=str(error))
    files = of_one_format(every)
    format = format_of(files[0]) if files else None
    return plan._replace(
        paths=files[:MAX_FILES],
        files=len(files),
        others=len(every) - len(files),
        images=format is not None and format.kind == "images",
    )


class Plans:
    """The plans that were made last, as far as there is room. Safe to use from many threads."""

    def __init__(self, room: int = 16 << 20) -> None:
        """Room for plans.

        Args:
            room: Characters of all of them together.
        """
        self._room = room
        self._plans: OrderedDict[tuple[str, str, str], Plan] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, commit: str, subset: str, split: str) -> Plan | None:
        """What was planned for a commit, and the subset and the split that were asked for."""
        key = (commit, subset, split)
        with self._lock:
            if plan := self._plans.get(key):
                self._plans.move_to_end(key)
            return plan

    def put(self, commit: str, subset: str, split: str, plan: Plan) -> None:
        """Keeps a plan, and forgets those that nobody asked for in the longest time."""
        with self._lock:
            if (commit, subset, split) not in self._plans:
                self._plans[commit, subset, split] = plan
                self._size += plan.size + len(subset) + len(split)
            while self._size > self._room:
                (_, *asked), old = self._plans.popitem(last=False)
                self._size -= old.size + sum(map(len, asked))
