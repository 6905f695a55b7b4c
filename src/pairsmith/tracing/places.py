"""The folders around what is traced, looked at within bounds: manifests, models, files.

Parents are looked for near their child first: in its own folder and beside it; then in the folders
that were named to be searched; then beside its parent. No link is followed, and nothing is read
twice.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pairsmith.errors import OutputError
from pairsmith.io.durable import sha256_of
from pairsmith.io.listed import is_below
from pairsmith.tracing.made import Kind, Made
from pairsmith.tracing.read import MANIFEST, read_made, record_of

MOST_FOLDERS = 5_000
MOST_FILES = 200_000
DEPTH = 4
"""How far below a root folders are looked at."""

ABOVE = 2
"""How many folders above something are roots: the one that it lies in, and the one above that."""

BESIDE = frozenset({Kind.ANNOTATION, Kind.EVALUATION, Kind.EXPLORATION})
"""What lies two folders below the build that it is of, in a folder of its own there."""

SKIPPED = frozenset({"checkpoints", "unfinished", "node_modules", "site-packages", "__pycache__"})


@dataclass
class _Room:
    """How much more is looked at."""

    folders: int
    files: int

    @property
    def is_over(self) -> bool:
        """Whether nothing more is."""
        return self.folders <= 0 or self.files <= 0


class Places:
    """What lies around.

    Args:
        search: Folders that are searched besides.

    Attributes:
        broken: Folders whose manifest cannot be read, each with why.
        full: Whether there was more than is looked at.
    """

    def __init__(self, search: Sequence[Path] = ()) -> None:
        self.search = [path.resolve() for path in search]
        self.broken: dict[Path, str] = {}
        self.full = False
        self._depths: dict[Path, int] = {}
        self._below: dict[Path, list[Path]] = {}
        # folders that were named have room of their own, whatever lies around the rest
        self._near = _Room(MOST_FOLDERS, MOST_FILES)
        self._searched = _Room(MOST_FOLDERS, MOST_FILES)
        self._made: dict[str, list[Made]] = defaultdict(list)
        self._called: dict[str, list[Made]] = defaultdict(list)
        self._listed: dict[str, list[Made]] = defaultdict(list)
        self._models: dict[Path, None] = {}
        self._sized: dict[int, list[Path]] = defaultdict(list)
        self._named: dict[str, list[Path]] = defaultdict(list)
        self._owned: set[Path] = set()
        self._digests: dict[Path, str] = {}

    def widen(self, child: Made) -> Iterator[None]:
        """Looks at more and more around something: one step each time that it is asked for more.

        The first step is what has been looked at already.
        """
        yield
        above = ABOVE + 2 * (child.kind in BESIDE)
        near = [child.folder, *list(child.folder.parents)[:above]] if child.folder else []
        for root in near[:-1]:
            self._walk(root, self._near)
            yield
        for root in self.search:
            self._walk(root, self._searched)
            yield
        for root in near[-1:]:
            self._walk(root, self._near)
            yield

    def made_by(self, sha256: str) -> list[Made]:
        """What was made, by the hash of its manifest or its model, in the order it was found."""
        return self._made.get(sha256, [])

    def made_called(self, name: str) -> list[Made]:
        """What lies in folders of a name."""
        return self._called.get(name, [])

    def writers_of(self, sha256: str) -> list[Made]:
        """Whose manifest lists a file with this hash as its own."""
        return self._listed.get(sha256, [])

    def builds(self) -> Iterator[Made]:
        """The builds that were found."""
        for held in self._called.values():
            yield from (made for made in held if made.build is not None)

    def models(self) -> list[Path]:
        """The folders of models without a manifest."""
        return [*self._models]

    def files_of(self, bytes: int) -> list[Path]:
        """The files of a size."""
        return self._sized.get(bytes, [])

    def files_called(self, name: str) -> list[Path]:
        """The files of a name that no manifest lists as its own."""
        return [path for path in self._named.get(name, []) if path not in self._owned]

    def digest(self, path: Path) -> str:
        """The sha256 of a file, computed once; empty where it cannot be read."""
        if path not in self._digests:
            self._digests[path] = ""
            with suppress(OSError):
                self._digests[path] = sha256_of(path)
        return self._digests[path]

    def add(self, made: Made) -> None:
        """Takes note of what was made."""
        if made.folder is None:
            return
        for sha256 in {made.sha256, made.identity} - {""}:
            self._made[sha256].append(made)
        self._called[made.folder.name].append(made)
        own = [file for file in made.outputs if is_below(file.path)]
        self._owned |= {made.folder / file.path for file in own}
        for sha256 in {file.sha256 for file in own}:
            self._listed[sha256].append(made)

    def _walk(self, root: Path, room: _Room) -> None:
        queue = deque([(root, DEPTH)])
        while queue:
            folder, left = queue.popleft()
            if self._depths.get(folder, -1) >= left:
                continue
            self._depths[folder] = left
            below = self._look(folder, room)
            queue.extend((one, left - 1) for one in below if left)

    def _look(self, folder: Path, room: _Room) -> list[Path]:
        """The folders in a folder; what else is in it is taken note of, the first time."""
        if folder in self._below:
            return self._below[folder]
        if room.is_over:
            self.full = True
            return []
        room.folders -= 1
        below: list[Path] = []
        self._below[folder] = below
        names: set[str] = set()
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                room.files -= 1
                if room.is_over:
                    self.full = True
                    break
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.name not in SKIPPED:
                        below.append(folder / entry.name)
                elif entry.is_file(follow_symlinks=False):
                    names.add(entry.name)
                    self._note_file(entry, folder)
        below.sort()
        self._read(folder, names)
        return below

    def _note_file(self, entry: os.DirEntry[str], folder: Path) -> None:
        with suppress(OSError):  # it is gone
            self._sized[entry.stat(follow_symlinks=False).st_size].append(folder / entry.name)
            self._named[entry.name].append(folder / entry.name)

    def _read(self, folder: Path, names: Iterable[str]) -> None:
        record = record_of(folder)
        if record is not None and record.name in names:
            try:
                self.add(read_made(record))
            except OutputError as error:
                if record.name == MANIFEST:  # a run's own evaluation is of another shape
                    self.broken[folder] = error.message
        elif "config.json" in names:
            self._models[folder] = None
