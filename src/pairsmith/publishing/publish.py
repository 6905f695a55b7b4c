"""Publishing a build or a run: proved here, sent by the stock client in one commit, proved there.

What goes up is what it owns: its card, its manifest, the files that the manifest lists and those of
a build's audit. The gate is closed before the first byte of data is sent. Files of an earlier one
that this one has no more go in the same commit, so that nobody ever loads two mixed;
whatever else lies in the repository stays.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pairsmith._version import __version__
from pairsmith.dataset import folder
from pairsmith.dataset.manifest import NAME
from pairsmith.publishing.bundle import Bundle, RepoKind, prove_bundle
from pairsmith.publishing.cards import Held, licence_files, with_card
from pairsmith.publishing.lost import lost_files
from pairsmith.publishing.owned import Owned, earlier_paths, is_same, owned_files, read_earlier
from pairsmith.publishing.refusals import PublishError, in_words

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo, ModelInfo, RepoFile

    Info = DatasetInfo | ModelInfo

LOADER = "AutoModelForSequenceClassification"
PUBLIC = "https://huggingface.co"
AT_ONCE = 500
"""The most paths that one call asks for."""

Gate = Literal["auto", "manual"]


class Sent(NamedTuple):
    """A file that was sent."""

    path: str
    bytes: int


class _Done(NamedTuple):
    """What was sent and removed, the commit, how many files it is, and what became of the card."""

    sent: tuple[Sent, ...]
    removed: tuple[str, ...]
    commit: str
    files: int
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """A build or a run as a hub holds it now.

    Attributes:
        repo: As others name it: owner/name.
        endpoint: The address of the hub.
        url: The address of the repository's page.
        commit: The id of the commit that is the build, or the run.
        sent: The files that were sent; none where the hub had them all.
        removed: Files of an earlier one that went.
        files: How many files it is.
        private: Whether its owner alone may know of it.
        gated: Its gate: `off`, `auto` or `manual`.
        subset: A subset to load; '' where no row was kept, and for a model.
        remarks: What else there is to say, in sentences.
        kind: What it is there: `dataset`, or `model` for a run.
    """

    repo: str
    endpoint: str
    url: str
    commit: str
    sent: tuple[Sent, ...]
    removed: tuple[str, ...]
    files: int
    private: bool
    gated: str
    subset: str
    remarks: tuple[str, ...]
    kind: RepoKind = "dataset"

    @property
    def loading(self) -> tuple[str, str]:
        """The two lines of Python with which someone else loads it."""
        if self.kind == "model":
            return f"from transformers import {LOADER}", f'{LOADER}.from_pretrained("{self.repo}")'
        data_dir = f', data_dir="{self.subset}"' if self.subset else ""
        return "from datasets import load_dataset", f'load_dataset("{self.repo}"{data_dir})'

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        sent = [entry._asdict() for entry in self.sent]
        return {**asdict(self), "sent": sent, "loading": list(self.loading)}


def publish(
    out: str | Path,
    repo: str,
    *,
    to: str | None = None,
    gated: Gate | None = None,
    private: bool = False,
    card: str | Path | None = None,
) -> Published:
    """Puts a build, as a dataset, or a run, as a model, on a hub: others load it by its name.

    It is checked first. The repository is made if there is none; one that is there keeps
    its settings, but for what is asked for here. The token is the one that `hf auth login` saved,
    or `HF_TOKEN`. Publishing the same again sends nothing and makes no commit.

    Args:
        out: The folder of the build or the run, on this machine.
        repo: Where it goes: owner/name.
        to: The address of the hub; by default that of `HF_ENDPOINT`, or the public hub.
        gated: Who reads the data asks first, and is let in at once (`auto`) or by the owner
            (`manual`).
        private: The owner alone may know of it.
        card: A Markdown file whose prose and front matter go into the card, in place of those that
            stand on the hub; licence files beside it go along.

    Returns:
        What the hub holds now, and what was sent for it.

    Raises:
        PublishError: It is not whole, or the hub cannot be reached or does not take it.
        OutputError: There is no such folder.
    """
    endpoint = endpoint_of(to)
    check_request(repo, gated)
    bundle = prove_bundle(local_folder(str(out)))
    api = client_of(endpoint)
    with in_words(endpoint, f"{repo} cannot be set up"):
        info, remarks = _set_up(api, bundle.kind, repo, gated, private)
    with in_words(endpoint, f"{repo} cannot be written"):
        done = _send(api, bundle, info, Path(card) if card is not None else None)
    return Published(
        repo=info.id,
        endpoint=endpoint,
        url=f"{endpoint}/{page_of(bundle.kind, info.id)}",
        commit=done.commit,
        sent=done.sent,
        removed=done.removed,
        files=done.files,
        private=bool(info.private),
        gated=info.gated or "off",
        subset=bundle.subset,
        remarks=(*remarks, *done.remarks, *bundle.remarks),
        kind=bundle.kind,
    )


def endpoint_of(to: str | None) -> str:
    """The address of the hub, without a slash at its end.

    Raises:
        PublishError: It is none.
    """
    from huggingface_hub.constants import ENDPOINT

    address = (to or ENDPOINT).rstrip("/")
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or "@" in parts.netloc or " " in address:
        raise PublishError(f"{address!r} is no address of a hub.", "Such as http://127.0.0.1:8000.")
    return address


def check_request(repo: str, gated: str | None) -> None:
    """Checks the name of the repository and the kind of gate.

    Raises:
        PublishError: It is not.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    if gated not in (None, "auto", "manual"):
        raise PublishError(f"There is no gate {gated!r}.", "There are auto and manual.")
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise PublishError(
            f"{repo!r} does not name a repository.", "Name it as owner/name, such as ann/pairs."
        )
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise PublishError(f"{repo!r} cannot be a repository's name.", str(error)) from error


def local_folder(out: str) -> Path:
    """The folder of a build or a run.

    Raises:
        PublishError: It is in an object store.
        OutputError: It is no name at all.
    """
    place = folder.output(out)
    if not isinstance(place, Path):
        raise PublishError(
            f"{out} lies in an object store, and what is published must be a local folder.",
            "Copy it to this machine; its files are the same there.",
        )
    return place


def client_of(endpoint: str) -> HfApi:
    """The stock client of a hub that answers, with a token that may write.

    Raises:
        PublishError: It does not, or there is none.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint, library_name="pairsmith", library_version=__version__)
    _check_token(api)
    return api


def _check_token(api: HfApi) -> None:
    """Checks that a hub answers, and that it lets the token write.

    Raises:
        PublishError: It is not, or does not.
    """
    from huggingface_hub import get_token

    token = get_token()
    if token and not re.fullmatch(r"[!-~]+", token):  # httpx would print such a one
        raise PublishError("The token has characters that no token has.", "Set HF_TOKEN anew.")
    with in_words(api.endpoint, "The hub does not say whose the token is"):
        said = api.whoami()
        if not isinstance(said, dict) or not isinstance(said.get("name"), str):
            raise TypeError("the answer is no account")
    role = ((said.get("auth") or {}).get("accessToken") or {}).get("role")
    if role == "read":
        raise PublishError(
            f"The token of {said['name']} only reads.",
            "Make one for writing; then set HF_TOKEN to it, or run hf auth login.",
        )


def _set_up(
    api: HfApi, kind: RepoKind, repo: str, gated: Gate | None, private: bool
) -> tuple[Info, tuple[str, ...]]:
    """Makes the repository, or changes its settings, as far as that is asked for.

    Raises:
        PublishError: The hub said yes and did not do it: data would be open to more than was meant.
    """
    before = find_repo(api, kind, repo)
    if before is None:
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
    close = gated is not None and (before is None or before.gated != gated)
    hide = private and before is not None and not before.private
    if close or hide:
        api.update_repo_settings(
            repo,
            repo_type=kind,
            gated=gated if close else None,
            private=True if hide else None,
        )
    info = _look_up(api, kind, repo)
    if (gated and info.gated != gated) or (private and not info.private):
        raise PublishError(
            f"{api.endpoint} did not set up {repo} as it was told, so nothing was sent.",
            f"It says private: {info.private}, gated: {info.gated}.",
        )
    return info, tuple(_settings(before, info))


def _settings(before: Info | None, info: Info) -> list[str]:
    """What became of the settings of a repository that was there."""
    if before is None:
        return []
    hidden, gate = "private" if info.private else "public", info.gated or "off"
    first = "stays" if bool(before.private) == bool(info.private) else "is now"
    second = "stays" if (before.gated or "off") == gate else "is now"
    return [f"{info.id} was there: it {first} {hidden}, and its gate {second} {gate}."]


def find_repo(api: HfApi, kind: RepoKind, repo: str) -> Info | None:
    """What a hub says of a repository; None where there is none, or none that may be seen."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return _look_up(api, kind, repo)
    except RepositoryNotFoundError:
        return None


def _look_up(api: HfApi, kind: RepoKind, repo: str) -> Info:
    return api.model_info(repo) if kind == "model" else api.dataset_info(repo)


def page_of(kind: RepoKind, repo: str) -> str:
    """The path of a repository's page."""
    return repo if kind == "model" else f"{kind}s/{repo}"


def _send(api: HfApi, bundle: Bundle, info: Info, card: Path | None) -> _Done:
    """Makes the hub's files those of the build or run.

    Raises:
        PublishError: The files there are not the same afterwards.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    kind = bundle.kind
    with tempfile.TemporaryDirectory(prefix="pairsmith-") as scratch:
        files = files_of(bundle, card)
        there = held_files(api, kind, info, info.sha, [*files, NAME])
        held = Held(api, info, there, read_earlier(api, bundle, info, there.get(NAME)))
        carried = with_card(bundle, held, files, card, Path(scratch))
        mine = carried.files
        left = sorted(earlier_paths(held.earlier) - mine.keys())
        gone = sorted(held_files(api, kind, info, info.sha, left))
        new = differing(mine, there)
        changed = {entry.path for entry in new}
        new += lost_files(api, kind, info, [e for e in mine.values() if e.path not in changed])
        if not new and not gone:
            return _Done((), (), info.sha or "", len(mine), carried.remarks)
        done = api.create_commit(
            info.id,
            [
                *(CommitOperationDelete(path, is_folder=False) for path in gone),
                *(CommitOperationAdd(entry.path, str(entry.place)) for entry in new),
            ],
            commit_message=bundle.message,
            repo_type=kind,
            parent_commit=info.sha,
        )
        if wrong := differing(mine, held_files(api, kind, info, done.oid, list(mine))):
            raise PublishError(
                f"{info.id} does not hold the {bundle.noun} as it was sent: {wrong[0].path} is"
                " another there.",
                "Does a .gitignore there leave it out, or did the file change just now?",
            )
    sent = tuple(Sent(entry.path, entry.bytes) for entry in new)
    return _Done(sent, tuple(gone), done.oid, len(mine), carried.remarks)


def files_of(bundle: Bundle, card: Path | None) -> dict[str, Owned]:
    """The files of a build or run, and those beside a card that is given, by path."""
    return {entry.path: entry for entry in (*licence_files(card), *owned_files(bundle))}


def held_files(
    api: HfApi, kind: RepoKind, info: Info, revision: str | None, paths: list[str]
) -> dict[str, RepoFile]:
    """Those of the files that the repository holds at a commit, by path."""
    from huggingface_hub.hf_api import RepoFile

    if revision is None:
        return {}
    held: dict[str, RepoFile] = {}
    for start in range(0, len(paths), AT_ONCE):
        some = paths[start : start + AT_ONCE]
        found = api.get_paths_info(info.id, some, repo_type=kind, revision=revision)
        held.update((file.path, file) for file in found if isinstance(file, RepoFile))
    return held


def differing(mine: dict[str, Owned], there: dict[str, RepoFile]) -> list[Owned]:
    """The files that the hub lacks, or has with another content."""
    return [
        entry
        for path, entry in mine.items()
        if path not in there or not is_same(entry, there[path])
    ]
