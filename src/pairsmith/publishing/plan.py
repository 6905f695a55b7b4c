"""What publishing would do: the hub is asked what it holds, and nothing is changed."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pairsmith.dataset.manifest import NAME
from pairsmith.publishing.bundle import RepoKind, prove_bundle, read_bundle
from pairsmith.publishing.cards import Held, with_card
from pairsmith.publishing.owned import earlier_paths, read_earlier
from pairsmith.publishing.publish import (
    PUBLIC,
    Gate,
    Sent,
    check_request,
    client_of,
    differing,
    endpoint_of,
    files_of,
    find_repo,
    held_files,
    local_folder,
)
from pairsmith.publishing.refusals import in_words


@dataclass(frozen=True)
class Plan:
    """What would become of a repository.

    Attributes:
        repo: As others name it: owner/name.
        endpoint: The address of the hub.
        is_new: Whether it would be made.
        private: Whether its owner alone would know of it.
        gated: Its gate then: `off`, `auto` or `manual`.
        sent: The files that would be sent; what the hub lists and has lost is not among them.
        removed: Files of an earlier one that would go.
        files: How many files it is.
        kind: What it would be there: `dataset`, or `model` for a run.
        remarks: What else there is to say, in sentences.
    """

    repo: str
    endpoint: str
    is_new: bool
    private: bool
    gated: str
    sent: tuple[Sent, ...]
    removed: tuple[str, ...]
    files: int
    kind: RepoKind = "dataset"
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "sent": [entry._asdict() for entry in self.sent]}


def plan(
    out: str | Path,
    repo: str,
    *,
    to: str | None = None,
    gated: Gate | None = None,
    private: bool = False,
    card: str | Path | None = None,
) -> Plan:
    """Says what `publish` would do with the same arguments, as the hub is now.

    The build or run is checked, and so is the token. No byte of it leaves this machine, and no
    setting is changed.

    Raises:
        PublishError: It is not whole, or the hub cannot be reached or refuses the token.
        OutputError: There is no such folder.
    """
    endpoint = endpoint_of(to)
    check_request(repo, gated)
    bundle = prove_bundle(local_folder(str(out)))
    given, kind = Path(card) if card is not None else None, bundle.kind
    files = files_of(bundle, given)
    api = client_of(endpoint)
    with (
        in_words(endpoint, f"{repo} cannot be looked at"),
        tempfile.TemporaryDirectory(prefix="pairsmith-") as scratch,
    ):
        info = find_repo(api, kind, repo)
        there = {} if info is None else held_files(api, kind, info, info.sha, [*files, NAME])
        earlier = None if info is None else read_earlier(api, bundle, info, there.get(NAME))
        held = Held(api, info, there, earlier)
        carried = with_card(bundle, held, files, given, Path(scratch))
        mine = carried.files
        left = sorted(earlier_paths(earlier) - mine.keys())
        gone = sorted(held_files(api, kind, info, info.sha, left)) if info is not None else []
    return Plan(
        repo=repo if info is None else info.id,
        endpoint=endpoint,
        is_new=info is None,
        private=private or bool(info is not None and info.private),
        gated=gated or (info.gated if info is not None and info.gated else "off"),
        sent=tuple(Sent(entry.path, entry.bytes) for entry in differing(mine, there)),
        removed=tuple(gone),
        files=len(mine),
        kind=kind,
        remarks=(*carried.remarks, *bundle.remarks),
    )


def public_hub(out: str | Path, repo: str, to: str | None, gated: str | None) -> str | None:
    """The address of the public hub where this would go to it, else None.

    Nothing is asked of any hub; a request that cannot be carried out is refused here already.

    Raises:
        PublishError: The address, the name or the gate is none.
        OutputError: There is no build and no run in the folder.
    """
    endpoint = endpoint_of(to)
    check_request(repo, gated)
    read_bundle(local_folder(str(out)))
    host, public = urlsplit(endpoint).hostname or "", urlsplit(PUBLIC).hostname
    return endpoint if host in (public, "hf.co") or host.endswith(f".{public}") else None
