"""Repositories, files and commits as the clients read them (huggingface_hub, `hf_api.py`)."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pairsmith.hub.context import hub_of
from pairsmith.hub.repos import card, downloads, files, history
from pairsmith.hub.repos.card import Card
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.readme import known_card
from pairsmith.hub.repos.repos import Repo
from pairsmith.io import git

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

Json = dict[str, Any]
TRUE = ("true", "1")
SIBLINGS = 2_000  # files that a repository's description names


def date(seconds: int) -> str:
    """A time as the clients parse it: 2026-11-24T12:00:00.000Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def next_page(request: Request, **changed: object) -> dict[str, str]:
    """The header by which clients find the next page of a list: this address, but for what is new.

    Args:
        request: What was asked for.
        changed: What its query says instead.
    """
    query = urlencode({**request.query_params, **changed})
    address = hub_of(request).url(request.scope["path"])
    return {"Link": f'<{address}?{query}>; rel="next"'}


def gated(repo: Repo) -> str | bool:
    """The gate as the clients name it: `"auto"`, `"manual"` or `false`."""
    return False if repo.gate == "off" else repo.gate


def summary(db: sqlite3.Connection, repo: Repo, head: Commit | None) -> Json:
    """What a list says of a repository, whose newest commit is `head`."""
    return {
        "_id": str(repo.id),
        "id": repo.full_name,
        "author": repo.owner,
        "sha": head.id if head else None,
        "private": repo.private,
        "gated": gated(repo),
        "disabled": False,
        "downloads": downloads.last_month(db, repo),
        "likes": 0,
        "createdAt": date(repo.created),
        "lastModified": date(repo.updated),
    }


def listed(db: sqlite3.Connection, repo: Repo, asked: QueryParams) -> Json:
    """What a list says of a repository, as far as is asked for.

    Args:
        db: A transaction.
        repo: The repository.
        asked: The query: `full` and `cardData` ask for the front matter of the card too, `expand`
            for nothing but what it names.
    """
    head = history.head(db, repo, history.MAIN)
    read = known_card(db, head)
    told = {**summary(db, repo, head), "tags": card.tags(read)}
    told |= model_facts(repo, read) if repo.kind == "model" else {}
    named = {name for text in asked.getlist("expand") for name in text.split(",")}
    if "cardData" in named or any(
        asked.get(key, "").lower() in TRUE for key in ("full", "cardData")
    ):
        told["cardData"] = read.data
    return {key: told[key] for key in told if key in named | {"_id", "id"}} if named else told


def info(db: sqlite3.Connection, repo: Repo, commit: Commit, read: Card) -> Json:
    """What there is to say of a repository at a commit.

    Of more files than `SIBLINGS` none is named: clients that want them all then ask for the tree,
    in pages, as they do where the public hub leaves some out.

    Args:
        db: A transaction.
        repo: The repository.
        commit: The commit.
        read: What its card says.
    """
    found = files.under(db, commit, limit=SIBLINGS + 1)
    return {
        **summary(db, repo, commit),
        **(model_facts(repo, read) if repo.kind == "model" else {}),
        "tags": card.tags(read),
        "cardData": read.data,
        "siblings": [sibling(file) for file in found] if len(found) <= SIBLINGS else [],
        "usedStorage": files.totals(db, commit).size,
    }


def model_facts(repo: Repo, read: Card) -> Json:
    """What is said of a model alone."""
    told = {key: read.data.get(key) for key in card.MODEL_TAGS}
    known = {key: value for key, value in told.items() if isinstance(value, str)}
    return {"modelId": repo.full_name, **known}


def sibling(file: File) -> Json:
    """A file in a repository's description."""
    shown: Json = {"rfilename": file.path, "size": file.size, "blobId": blob_id(file)}
    if file.lfs:
        pointer_size = len(pointer(file))
        shown["lfs"] = {"sha256": file.blob, "size": file.size, "pointerSize": pointer_size}
    return shown


def entry(file: File) -> Json:
    """A file in a listing. No `xetHash`: it would send the clients to another protocol."""
    shown: Json = {"type": "file", "oid": blob_id(file), "size": file.size, "path": file.path}
    if file.lfs:
        pointer_size = len(pointer(file))
        shown["lfs"] = {"oid": file.blob, "size": file.size, "pointerSize": pointer_size}
    return shown


def security(pickle: bool | None) -> Json:
    """What is known of the safety of a file, as the clients read it; none is held to be safe.

    Args:
        pickle: Whether it is a pickle or holds one; None where that is not known yet.
    """
    if pickle:
        said = "It is a pickle, or holds one: to load it is to run what it says."
        return {
            "status": "suspicious",
            "avScan": None,
            "pickleImportScan": {"status": "suspicious", "message": said},
        }
    status = "queued" if pickle is None else "unscanned"
    return {"status": status, "avScan": None, "pickleImportScan": None}


def folder(path: str, commit: Commit) -> Json:
    """A folder in a listing. Its id is another at each commit: git's takes to read all of it."""
    told = f"{commit.id}\0{path}"
    oid = hashlib.sha1(told.encode(), usedforsecurity=False).hexdigest()
    return {"type": "directory", "oid": oid, "size": 0, "path": path}


def last_commit(commit: Commit) -> Json:
    """The commit that an entry was last changed by."""
    return {"id": commit.id, "title": commit.title, "date": date(commit.date)}


def commit_entry(commit: Commit) -> Json:
    """A commit in a history."""
    return {
        "id": commit.id,
        "title": commit.title,
        "message": commit.message,
        "authors": [{"user": commit.author}],
        "date": date(commit.date),
    }


def blob_id(file: File) -> str:
    """Git's id of what git would hold: the content, or the pointer to a large one."""
    if not file.lfs:
        return file.sha1
    text = pointer(file)
    made = git.begin_blob_hash(len(text))
    made.update(text)
    return made.hexdigest()


def pointer(file: File) -> bytes:
    """What git holds in place of a large file."""
    return files.pointer_of(file.blob, file.size).encode()
