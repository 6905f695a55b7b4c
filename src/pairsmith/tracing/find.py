"""A parent looked for by its hash: whether it is there, is missing, or was changed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pairsmith.errors import ModelError
from pairsmith.io.listed import is_below
from pairsmith.models.folders import model_sha256
from pairsmith.models.generation_settings import FILE, recorded_ends
from pairsmith.sources.layouts import SAMPLE
from pairsmith.tracing.made import File, Is, Kind, Link, Made
from pairsmith.tracing.places import Places

MOST_HASHED = 8 << 30
"""Bytes of models of other names that are hashed in search of one."""

IN_PACKAGE = Path(__file__).parents[1] / "sources" / SAMPLE
"""Where the sample lies that comes with the software."""


class State(StrEnum):
    """Whether a parent is there as it is recorded."""

    OK = "ok"
    MISSING = "missing"
    CHANGED = "changed"


class Found(NamedTuple):
    """What became of looking for a parent.

    Attributes:
        made: The parent; None where it is missing.
        state: Whether it is there as it is recorded.
        said: What is wrong, in words; or, of one that is there, what is to be known.
        name: What is recorded of it.
        files: How many files of it that are meant, of a source; else 0.
    """

    made: Made | None
    state: State
    said: str
    name: str
    files: int = 0


def find(link: Link, child: Made, places: Places, check: bool) -> list[Found]:
    """Looks for a parent by its hash; the files of a source may be several parents'.

    Args:
        link: As the child's manifest names it.
        child: Whose parent it is.
        places: Where to look.
        check: Whether files and models without a manifest are hashed; else their names and sizes
            must do.

    Returns:
        What was found; nothing where no hash is the recorded one.
    """
    if link.of == Is.FILE:
        return find_files(link, child, places, check)
    if link.of == Is.SERVER:
        made = Made(Kind.SERVER, None, link.name, "")
        return [Found(made, State.OK, "a server: what it served cannot be hashed", link.name)]
    for _ in places.widen(child):
        same = [made for made in places.made_by(link.sha256) if made.folder != child.folder]
        if same:
            called = [made for made in same if _name(made) == link.name]
            return [Found((called or same)[0], State.OK, "", link.name)]
        if link.rows_of is not None:
            alike = [b for b in places.builds() if b.build and not link.rows_of.difference(b.build)]
            own = [
                b for b in alike if b.folder and child.folder and b.folder in child.folder.parents
            ]
            if alike:
                said = "built again since, of the same rows"
                return [Found((own or alike)[0], State.OK, said, link.name)]
        if link.of == Is.ANY and (held := _holder_of(link, places)):
            return [Found(held, State.OK, "", link.name)]
    if link.of in (Is.MODEL, Is.ANY) and (model := _find_model(link, places, check)):
        return [model]
    return []


def _name(made: Made) -> str:
    return made.folder.name if made.folder else made.name


def find_by_name(link: Link, child: Made, places: Places, found: Collection[Made]) -> Found:
    """Looks for a parent that has another hash now, by the name that is recorded.

    Names such as `build` are common. So only what lies among the things that were found by their
    hashes, or where one was told to search, is taken for the parent.

    Args:
        link: As the child's manifest names it.
        child: Whose parent it is.
        places: Where to look.
        found: What was found by a hash of its own, and so is something else.
    """
    if link.rows_of is not None and child.folder is not None:  # the build that it lies beside
        around = [b for b in places.builds() if b.folder in child.folder.parents]
    else:
        around = places.made_called(PurePosixPath(link.name).name)
    roots = [*_project(found, child), *places.search]
    for made in around:
        if not _may_be(made.folder, child, found, roots):
            continue
        if link.of == Is.ANY or bool(made.identity) == (link.of == Is.MODEL):
            held = made.identity if link.of == Is.MODEL else made.sha256
            what = "its model's sha256" if link.of == Is.MODEL else "its manifest's sha256"
            return Found(made, State.CHANGED, _differs(what, held, link.sha256), link.name)
    for folder in _models_called(link, places) if link.of in (Is.MODEL, Is.ANY) else []:
        if _may_be(folder, child, found, [*roots, *_cached(link.name)]):
            made = Made(Kind.MODEL, folder, link.name, _identity(folder))
            said = _differs("its model's sha256", made.sha256, link.sha256)
            return Found(made, State.CHANGED, said, link.name)
    return Found(None, State.MISSING, "", link.name)


def _project(found: Collection[Made], child: Made) -> list[Path]:
    """The folder that the child lies in with what was made near it; models and files are shared."""
    if child.folder is None or len(child.folder.parents) < 2:
        return []
    folders = [m.folder for m in found if m.folder and m.kind not in (Kind.MODEL, Kind.FILES)]
    near = [folder.parent for folder in folders if child.folder.parents[1] in folder.parents]
    return [Path(os.path.commonpath([child.folder.parent, *near]))]


def _may_be(
    folder: Path | None, child: Made, found: Collection[Made], roots: Collection[Path]
) -> bool:
    if folder is None or folder == child.folder or folder in {m.folder for m in found}:
        return False
    return any(folder.is_relative_to(root) for root in roots)


def _differs(what: str, held: str, recorded: str) -> str:
    return f"{what} is {held[:12]}…, recorded is {recorded[:12]}…"


def _find_model(link: Link, places: Places, check: bool) -> Found | None:
    """A model without a manifest: by its name, then, within bounds, by its hash alone."""
    named = _models_called(link, places)
    others = list[Path]()
    for folder in named:
        if not check or _identity(folder) == link.sha256:
            made = Made(Kind.MODEL, folder, link.name, link.sha256)
            if not check:
                return Found(made, State.OK, "not hashed", link.name)
            if _ends_alike(folder, link):
                return Found(made, State.OK, "", link.name)
            others.append(folder)
    left = MOST_HASHED
    for folder in places.models() if check else []:
        size = _size_of(folder)
        if folder in named or size > left:
            continue
        left -= size
        if _identity(folder) == link.sha256 and _ends_alike(folder, link):
            return Found(Made(Kind.MODEL, folder, "", link.sha256), State.OK, "", link.name)
    if others:
        said = f"its {FILE} ends replies at other tokens than are recorded"
        made = Made(Kind.MODEL, others[0], link.name, link.sha256)
        return Found(made, State.CHANGED, said, link.name)
    return None


def _ends_alike(folder: Path, link: Link) -> bool:
    """Whether the replies of a model end where those did that it wrote."""
    if link.ends is None:
        return True
    try:
        return recorded_ends(folder, link.name).get("ends", "") == link.ends
    except ModelError:
        return False


def _models_called(link: Link, places: Places) -> list[Path]:
    """The folders of models of a name, without manifests; those in caches too."""
    name = PurePosixPath(link.name).name
    return [*(folder for folder in places.models() if folder.name == name), *_cached(link.name)]


def _identity(folder: Path) -> str:
    """The identity of a model; empty where its files cannot be read, or are gone."""
    try:
        return model_sha256(folder)
    except OSError:
        return ""


def _size_of(folder: Path) -> int:
    """The bytes of a model's weights; none where they are gone."""
    with suppress(OSError):
        return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    return 0


def _cached(name: str) -> list[Path]:
    """Where a model lies in a cache: the one that comes in a package, or one of the hub."""
    if name == "smollm2":
        from pairsmith.models.smollm2 import SHA256, cache_folder

        folder = cache_folder() / f"smollm2-{SHA256[:12]}"
        return [folder] if folder.is_dir() else []
    if name.count("/") != 1:
        return []
    from huggingface_hub import errors, snapshot_download

    try:
        return [Path(snapshot_download(name, local_files_only=True))]
    except (errors.LocalEntryNotFoundError, errors.HFValidationError, OSError):
        return []


def _holder_of(link: Link, places: Places) -> Made | None:
    """What has a file with the link's hash: as its own by a manifest, or by the recorded name."""
    if writers := places.writers_of(link.sha256):
        return writers[0]
    for path in places.files_called(PurePosixPath(link.name).name):
        if places.digest(path) == link.sha256:
            file = File(path.name, None, link.sha256)
            return Made(Kind.FILES, path, path.name, "", outputs=(file,))
    return None


def find_files(link: Link, child: Made, places: Places, check: bool) -> list[Found]:
    """Looks for the files of a source; those in one folder, or of one manifest, are one parent."""
    left = {file.path: file for file in link.files}
    groups: dict[Path, tuple[Made | None, list[File]]] = {}
    for _ in places.widen(child):
        for file in [*left.values()]:
            if place := place_of(file, child, places, check):
                groups.setdefault(place.folder, (place.made, []))[1].append(file)
                del left[file.path]
        if not left:
            break
    found = [_together(folder, made, files, check) for folder, (made, files) in groups.items()]
    packed = [file for file in left.values() if _is_in_package(file)]
    if packed:
        found.append(_together(IN_PACKAGE, None, packed, check))
    return [*found, *_lost([f for f in left.values() if f not in packed], places)]


def _is_in_package(file: File) -> bool:
    from pairsmith.io.durable import sha256_of

    if not is_below(file.path):
        return False
    path = IN_PACKAGE / file.path
    return path.is_file() and sha256_of(path) == file.sha256


class Place(NamedTuple):
    """Where a file of a source lies.

    Attributes:
        folder: That of what wrote it; of a file without a manifest, the one that its path is below.
        made: What wrote it; None for a file without a manifest.
        path: The file's own.
    """

    folder: Path
    made: Made | None
    path: Path


def place_of(file: File, child: Made, places: Places, check: bool) -> Place | None:
    """Where a file of a source lies; None where it does not, as far as was looked.

    Args:
        file: As the child's manifest lists it.
        child: What was made of it.
        places: Where to look.
        check: Whether a file without a manifest is told by its hash; else by its path and size.
    """
    for made in places.writers_of(file.sha256):
        if made.folder is not None and made.folder != child.folder:
            inner = next(one.path for one in made.outputs if one.sha256 == file.sha256)
            return Place(made.folder, made, made.folder / inner)
    for path in places.files_of(file.bytes) if file.bytes is not None else []:
        top = _above(path, file.path)
        if (check and places.digest(path) == file.sha256) or (not check and top is not None):
            if top is not None and child.folder is not None and top in child.folder.parents:
                top /= PurePosixPath(file.path).parts[0]  # several sources lie beside the build
            return Place(top or path.parent, None, path)
    return None


def _above(path: Path, name: str) -> Path | None:
    """The folder that a file has this path in; None where it has another."""
    parts = PurePosixPath(name).parts
    if path.parts[-len(parts) :] != parts:
        return None
    return Path(*path.parts[: -len(parts)])


def _together(folder: Path, made: Made | None, files: list[File], check: bool) -> Found:
    """Files of one parent."""
    if made is None:
        rows = sum(file.rows or 0 for file in files)
        lone = folder / PurePosixPath(files[0].path).name if len(files) == 1 else folder
        inner = lone if lone.is_file() else folder
        made = Made(Kind.FILES, inner, "", "", outputs=tuple(files), rows=rows)
        said = "without a manifest" + ("" if check else ", not hashed")
        return Found(made, State.OK, said, _listed(files), len(files))
    return Found(made, State.OK, "", _listed(files), len(files))


def _listed(files: Iterable[File]) -> str:
    names = [file.path for file in files]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _lost(files: list[File], places: Places) -> list[Found]:
    """Files that are not there as they were: the changed ones together, and the missing ones."""
    gone, changed = [], []
    for file in files:
        called = places.files_called(PurePosixPath(file.path).name)
        place = next((path for path in called if _above(path, file.path) is not None), None)
        if place is None:
            gone.append(file)
        else:
            changed.append((place, file))
    found: list[Found] = []
    if changed:
        place, file = changed[0]
        said = tell_change(file.path, places.digest(place), file.sha256, "recorded is")
        more = len(changed) - 1
        said += f"; and {more} more file{'s' * (more > 1)}" if more else ""
        made = Made(Kind.FILES, place, file.path, "", rows=file.rows)
        listed = _listed(file for _, file in changed)
        found.append(Found(made, State.CHANGED, said, listed, len(changed)))
    if gone:
        said = f"no file with the sha256 of {gone[0].path}, {gone[0].sha256[:12]}…, was found"
        found.append(Found(None, State.MISSING, said, _listed(gone), len(gone)))
    return found


def tell_change(path: str, held: str, recorded: str, says: str) -> str:
    """That a file is not as it was recorded, in words."""
    if not held:
        return f"{path} cannot be read"
    return f"{path} was changed: its sha256 is {held[:12]}…, {says} {recorded[:12]}…"
