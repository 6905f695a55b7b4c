"""Folders of collections copied into a backup, each in one state, and looked through."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from pairsmith.hub.collections.registry import FOLDER, KEY
from pairsmith.hub.core.blobs import flush

EVENTS, PROJECT = "collection.sqlite", "project.yaml"
"""What a folder holds that is not made of the rest; see `pairsmith.collecting.collection`."""


def copy_all(root: Path, out: Path, folders: list[str]) -> dict[str, str]:
    """Copies collections, which people may be at work in, and removes copies of others.

    Args:
        root: The folder of the hub.
        out: That of the backup.
        folders: The names of their folders.

    Returns:
        What is wrong with those that could not be copied, in a sentence, by their folders; of each
        an earlier copy stays.
    """
    target = out / FOLDER
    if not folders and not target.exists():
        return {}
    target.mkdir(mode=0o700, exist_ok=True)
    for place in target.iterdir():
        if place.name not in folders:
            shutil.rmtree(place, ignore_errors=True)
    lost = {}
    for name in folders:
        beside = target / f"new-{secrets.token_hex(8)}"
        beside.mkdir(mode=0o700)
        try:
            _copy(root / FOLDER / name, beside)
            shutil.rmtree(target / name, ignore_errors=True)
            beside.replace(target / name)
        except (OSError, sqlite3.Error) as error:
            lost[name] = f"It cannot be read: {error}."
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    flush(target)
    return lost


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{source / EVENTS}?mode=ro", uri=True)) as db,
        closing(sqlite3.connect(target / EVENTS)) as made,
    ):
        db.backup(made)
    (target / EVENTS).chmod(0o600)
    shutil.copyfile(source / PROJECT, target / PROJECT)
    flush(target / EVENTS)
    flush(target / PROJECT)
    flush(target)


def problems(root: Path, folders: list[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with collections: the folder, and a sentence."""
    for name in folders:
        place = root / FOLDER / name / EVENTS
        if not place.is_file():
            yield name, "Its events are missing."
            continue
        with suppress(OSError), closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as db:
            try:
                found = [row[0] for row in db.execute("PRAGMA integrity_check")]
            except sqlite3.Error as error:
                found = [str(error)]
        for said in found:
            if said != "ok":
                yield name, f"Its events are damaged: {said}."


def strays(root: Path, folders: list[str]) -> list[str]:
    """The folders that no row knows."""
    place = root / FOLDER
    found = {path.name for path in place.iterdir()} if place.is_dir() else set()
    return sorted(name for name in found - {*folders} if KEY.fullmatch(name))
