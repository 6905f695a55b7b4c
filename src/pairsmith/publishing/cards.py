"""The card that a hub gets: sections of the build, prose and entries of who owns it there.

A card is edited in three places: in `OUT`, on a page of the hub, and in a file that is given with
`--card`. What is given counts before all; else what stands on the hub stays there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.dataset import card_prose
from pairsmith.dataset.card import NAME, card_text
from pairsmith.dataset.card_prose import Merged
from pairsmith.dataset.manifest import Manifest
from pairsmith.models.run_folder import RunManifest
from pairsmith.publishing.owned import Owned, is_same
from pairsmith.publishing.refusals import PublishError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    from pairsmith.publishing.bundle import Bundle
    from pairsmith.publishing.publish import Info

CARD_BYTES = 1 << 20
"""The most bytes of a card."""

LICENCES = re.compile(r"(licen[cs]e|copying|notice)([._-][\w.-]{0,60})?", re.IGNORECASE)
"""How files are called that go along with a card."""

MANY = 10
"""The most licence files that go along."""

UNMARKED = "The card there has no marks that tell whose its parts are:"


@dataclass(frozen=True)
class Carried:
    """What goes to a hub with a build, and what is said of its card.

    Attributes:
        files: The files, by path.
        remarks: What becomes of the card, in sentences.
    """

    files: dict[str, Owned]
    remarks: tuple[str, ...]


class Held(NamedTuple):
    """What a repository holds.

    Attributes:
        api: The stock client.
        info: The repository; None where it is to be made.
        there: Its files among those that are asked about, by path.
        earlier: The build or run that it holds; None for none.
    """

    api: HfApi
    info: Info | None
    there: dict[str, RepoFile]
    earlier: Manifest | RunManifest | None


def licence_files(card: Path | None) -> list[Owned]:
    """The licence files that stand beside a card which is given.

    Raises:
        PublishError: There are very many, or one is very large.
    """
    if card is None:
        return []
    found = sorted(
        path for path in card.parent.iterdir() if LICENCES.fullmatch(path.name) and path.is_file()
    )
    if len(found) > MANY or any(path.stat().st_size > CARD_BYTES for path in found):
        raise PublishError(
            f"Beside {card} stand more than {MANY} licence files, or one of over 1 MiB.",
            "Put the card and those that go with it into a folder of their own.",
        )
    return [_owned(path.name, path, path.read_bytes()) for path in found]


def with_card(
    bundle: Bundle, held: Held, mine: dict[str, Owned], given: Path | None, scratch: Path
) -> Carried:
    """The files of a build or run, its card with what its owner wrote into it.

    Args:
        bundle: The build or run.
        held: What the repository holds.
        mine: Its files, by path.
        given: A card whose prose and entries count; None for those on the hub.
        scratch: A folder, where the card is put together.

    Raises:
        PublishError: A card is no text, or too long.
    """
    ours = _text(mine[NAME].place)
    there = held.there.get(NAME)
    if given is not None:
        theirs, where = _text(given), f"of {given}"
        merged = card_prose.merge(theirs, ours)
    elif there is None or is_same(mine[NAME], there):
        return Carried(mine, ())
    else:
        theirs, where = _download(bundle, held, there, scratch), "there"
        if not card_prose.is_marked(theirs) and held.earlier is not None:
            return Carried(mine, (f"{UNMARKED} {NAME} of the {bundle.noun} takes its place.",))
        merged = card_prose.merge(
            _with_prose(bundle, theirs, ours), ours, _base(held), _told(bundle)
        )
    data = merged.text.encode()
    place = scratch / "card.md"
    place.write_bytes(data)
    remarks = tuple(_remarks(bundle, merged, where, (theirs, ours)))
    return Carried({**mine, NAME: _owned(NAME, place, data)}, remarks)


def _with_prose(bundle: Bundle, theirs: str, ours: str) -> str:
    """The card there; where nobody wrote into it, with the body of ours."""
    if not card_prose.is_marked(theirs) or card_prose.prose_of(theirs) not in _unwritten(bundle):
        return theirs
    matter, body = card_prose.divide(theirs)[0], card_prose.divide(ours)[1]
    return f"---\n{matter}---\n{body}"


def _unwritten(bundle: Bundle) -> set[str]:
    """The prose that a card has to begin with."""
    if isinstance(bundle.held, RunManifest):
        return {""}
    return {"", card_prose.prose_of(card_text(bundle.held))}


def _remarks(bundle: Bundle, merged: Merged, where: str, cards: tuple[str, str]) -> list[str]:
    theirs, ours = map(card_prose.prose_of, cards)
    said = []
    if merged.kept:
        said.append(f"Kept of the card {where}: {', '.join(merged.kept)}.")
    if theirs and theirs != ours and theirs not in _unwritten(bundle):
        said.append(f"Kept of the card {where}: its prose, {len(theirs.split()):,} words.")
        if where == "there" and ours not in _unwritten(bundle):
            here = bundle.place / NAME
            said.append(f"The prose of {here} is another, and not sent; --card {here} sends it.")
    if merged.fault:
        said.append(f"The entries of the card {where} are not kept: {merged.fault}.")
    return said


def _base(held: Held) -> str:
    """The card of the build that a repository holds, as it was made; '' where that is not known."""
    return card_text(held.earlier) if isinstance(held.earlier, Manifest) else ""


def _told(bundle: Bundle) -> set[str]:
    """The entries of the front matter that a build was told, or that say what a run is."""
    if isinstance(bundle.held, RunManifest):
        return {"library_name", "pipeline_tag", "base_model"}
    return set(bundle.held.recipe.card_fields)


def _download(bundle: Bundle, held: Held, there: RepoFile, scratch: Path) -> str:
    if held.info is None or there.size > CARD_BYTES:
        raise PublishError(
            f"The card there has {there.size:,} bytes, and {CARD_BYTES:,} are read.",
            "Shorten it there, or give another with --card.",
        )
    path = held.api.hf_hub_download(
        held.info.id,
        NAME,
        repo_type=bundle.kind,
        revision=held.info.sha,
        local_dir=scratch / "there",
    )
    return _text(Path(path))


def _text(path: Path) -> str:
    """The text of a card.

    Raises:
        PublishError: It cannot be read, is no UTF-8, or is too long.
    """
    try:
        data = path.read_bytes()
        if len(data) > CARD_BYTES:
            raise PublishError(f"The card {path} is longer than {CARD_BYTES:,} bytes.")
        return data.decode("utf-8")
    except OSError as error:
        raise PublishError(f"The card {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise PublishError(f"The card {path} is not UTF-8.") from error


def _owned(name: str, place: Path, data: bytes) -> Owned:
    return Owned(name, place, len(data), hashlib.sha256(data).hexdigest())
