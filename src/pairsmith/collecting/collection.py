"""A collection: a folder with a project, its events, and what is exported of them.

DIR/project.yaml         the project as it is now; each version of it is an event
DIR/collection.sqlite    the events
DIR/<subset>/<split>.jsonl, unkept.jsonl, manifest.json    what `export` wrote
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pairsmith.collecting import draws
from pairsmith.collecting.events import PROJECT, Kind
from pairsmith.collecting.project import Project
from pairsmith.collecting.project_file import make_project, read_project, write_project
from pairsmith.collecting.store import DATABASE, Store, Transaction
from pairsmith.dataset.folder import writing
from pairsmith.errors import CollectionError
from pairsmith.io.durable import write_text_durably

PROJECT_FILE = "project.yaml"


class Collection:
    """An open collection; `open_collection` and `create_collection` make one.

    Attributes:
        folder: Where it lies.
        store: Its events.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store = folder, store

    @property
    def secret(self) -> bytes:
        """What chance is drawn by; see `draws`."""
        return self.store.secret

    def project(self, transaction: Transaction | None = None) -> Project:
        """The project as it is now.

        Args:
            transaction: As it is in that state of the collection.
        """
        if transaction is None:
            with self.store.read() as held:
                return self.project(held)
        return project_in(transaction)

    def change(self, project: Project, who: str = "") -> None:
        """Changes the project; what was done before stays under the one of its time.

        Raises:
            CollectionError: The mode is another.
        """
        with self.store.write() as transaction:
            now = self.project(transaction)
            if project.mode != now.mode:
                raise CollectionError(
                    f"The collection is of the mode {now.mode}, not {project.mode}.",
                    "Begin another collection in another folder.",
                )
            if project.sha256 != now.sha256:
                _record(transaction, project, who)
        write_text_durably(self.folder / PROJECT_FILE, write_project(project))

    def token(self, thread: str, events: int) -> str:
        """What a form carries that answers a thread of this many events."""
        return draws.form_token(self.secret, thread, events)

    def pseudonym(self, who: str) -> int:
        """A person's number in what is exported."""
        return draws.pseudonym(self.secret, who)

    def close(self) -> None:
        """Closes its file."""
        self.store.close()

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()


def create_collection(
    folder: str | os.PathLike[str], project: Project | Mapping[str, Any]
) -> Collection:
    """Begins a collection in a new or an empty folder.

    Args:
        folder: Where.
        project: The project, or its settings.

    Raises:
        CollectionError: The folder holds something or cannot be made, or the project is none.
        OutputError: The folder is not for us to write.
    """
    place = Path(folder)
    made = project if isinstance(project, Project) else make_project(project)
    with writing(place):
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise CollectionError(f"{place} holds something.", "Name a new or an empty folder.")
        try:
            place.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise CollectionError(
                f"{place} cannot be made: something on the way there is no folder.",
                "Name another folder.",
            ) from None
        write_text_durably(place / PROJECT_FILE, write_project(made))
    store = Store(place / DATABASE, create=True)
    with store.write() as transaction:
        if transaction.last(Kind.PROJECT) is None:
            _record(transaction, made, "")
    return Collection(place, store)


def open_collection(folder: str | os.PathLike[str]) -> Collection:
    """Opens a collection; what was changed in its project file since is recorded.

    Raises:
        CollectionError: The folder holds none, or its project file is none.
    """
    place = Path(folder)
    made = Collection(place, Store(place / DATABASE))
    try:
        path = place / PROJECT_FILE
        if not path.is_file():
            write_text_durably(path, write_project(made.project()))
        elif (project := read_project(path)).sha256 != made.project().sha256:
            made.change(project)
    except BaseException:
        made.close()
        raise
    return made


def project_in(transaction: Transaction) -> Project:
    """The project in a state of a collection.

    Raises:
        CollectionError: There is none yet.
    """
    event = transaction.last(Kind.PROJECT)
    if event is None:
        raise CollectionError("The collection has no project yet.", "Begin it again.")
    return make_project(event.body["project"])


def _record(transaction: Transaction, project: Project, who: str) -> None:
    body = {"project": project.to_dict(), "sha256": project.sha256}
    transaction.append(PROJECT, Kind.PROJECT, who, body)
