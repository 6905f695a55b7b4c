"""Contents and commits put straight into a hub."""

from __future__ import annotations

from collections.abc import Mapping

from pairsmith.hub.auth.users import User
from pairsmith.hub.community import pulls, threads
from pairsmith.hub.community.pushing import Push, Target
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.context import Hub
from pairsmith.hub.repos import commits
from pairsmith.hub.repos.commits import Delete, Message, Put, Wanted
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.readme import prepare
from pairsmith.hub.repos.repos import Repo

Contents = Mapping[str, bytes | None]


def put(hub: Hub, repo: Repo, data: bytes) -> str:
    """Sends a content to a repository; its SHA-256."""
    with hub.blobs.incoming() as content:
        content.write(data)
        blob = content.finish()
        with hub.database.write() as db:
            hub.blobs.keep(db, content, blob, repo.id)
    return blob.sha256


def commit_files(
    hub: Hub, repo: Repo, author: User, contents: Contents, branch: str = "main"
) -> Commit:
    """Commits these contents, None for no file; those of `.parquet` files as large ones."""
    changes = _changes(hub, repo, contents)
    with hub.database.write() as db:
        made = commits.commit(db, repo, branch, author, Message("A commit"), changes)
    prepare(hub, made)
    return made


def propose_files(hub: Hub, repo: Repo, actor: Actor, num: int, contents: Contents) -> Commit:
    """Commits these contents to a pull request."""
    changes = _changes(hub, repo, contents)
    with hub.database.read() as db:
        thread = threads.find(db, repo, num)
        target = Target(thread.ref, thread=pulls.check_may_push(db, repo, actor, num))
        sent = frozenset(change.blob for change in changes if isinstance(change, Put))
        wanted = Wanted(thread.ref, actor.user, Message("A proposal"), changes, sent=sent)
        wanted = Push(repo, actor, target).directed(db, wanted)
    return commits.commit_apart(hub.database, repo, wanted, lambda db: None)


def _changes(hub: Hub, repo: Repo, contents: Contents) -> list[Put | Delete]:
    return [
        Delete(path) if data is None else Put(path, put(hub, repo, data), path.endswith(".parquet"))
        for path, data in contents.items()
    ]
