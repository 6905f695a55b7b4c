"""Discussions and pull requests, as huggingface_hub reads and writes them (its `community.py`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.api import shapes
from pairsmith.hub.auth.authentication import (
    Caller,
    authenticate,
    authenticate_token,
    require_write,
)
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.community import anchors, diffs, entries, pulls, threads
from pairsmith.hub.community.entries import HIDDEN, Entry
from pairsmith.hub.community.pulls import FileChange
from pairsmith.hub.community.shown import Comments
from pairsmith.hub.community.threads import Actor, Thread, Wanted
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import is_asked, number_in, repo_calls, repo_of
from pairsmith.hub.http.bodies import json_object, read_bounded, read_json, text_of
from pairsmith.hub.http.concurrency import COMMITS, PARSING, run_apart
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos.readme import prepare
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from starlette.requests import Request

PAGE = 50  # discussions of an answer
MAX_BODY_BYTES = 512 << 10  # bytes of a body: a comment whose letters are all escaped
MAX_PAGE = 10**6  # the number of the last page of a list

Json = dict[str, Any]
Act = Callable[[sqlite3.Connection, Repo, Thread, Actor, Json], Entry]


def listed(request: Request) -> JSONResponse:
    """`GET …/discussions?p&type&status&author`: discussions, the newest first, in pages."""
    asked = request.query_params
    page = min(number_in(asked.get("p", "")) or 0, MAX_PAGE)
    kind, status = asked.get("type", ""), asked.get("status", "")
    if kind not in ("", "all", "discussion", "pull_request"):
        raise bad_request('type has to be "discussion", "pull_request" or "all".')
    if status not in threads.STATUSES:
        raise bad_request(f"status has to be one of {', '.join(filter(None, threads.STATUSES))}.")
    wanted = Wanted("" if kind == "all" else kind, status, asked.get("author", ""))  # type: ignore[arg-type]
    with hub_of(request).database.read() as db:
        repo = permissions.visible(db, authenticate(request), *repo_of(request))
        found = threads.listed(db, repo, wanted, PAGE, page * PAGE)
        count = threads.count(db, repo, wanted)
    told = [_summary(repo, thread) for thread in found]
    return JSONResponse({"discussions": told, "count": count, "start": page * PAGE})


def details(request: Request) -> JSONResponse:
    """`GET …/discussions/{num}?diff`: a discussion with all that stands in it."""
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        thread = _thread(db, request, repo)
        told = _about(db, repo, thread)
        events = _Events(hub, db, repo, who, entries.listed(db, thread, entries.MAX_ENTRIES))
        reads = permissions.standing(db, repo, who.user).reads
        changed = _changed(db, repo, thread)
    told["events"] = events.told()
    if thread.is_pull and is_asked(request.query_params, "diff"):
        diff = diffs.made(hub, changed, reads)
        if diffs.shows_data(diff):
            permissions.record_read(hub, who, repo, "viewed", path=thread.ref, revision=thread.ref)
        told["diff"] = diff.text
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def _changed(db: sqlite3.Connection, repo: Repo, thread: Thread) -> list[FileChange]:
    if not thread.is_pull:
        return []
    return pulls.changes(db, repo, pulls.of(db, thread), diffs.MAX_FILES + 1)


async def begin(request: Request) -> Response:
    """`POST …/discussions` {title, description, pullRequest}: a discussion, or a draft of one."""
    body = await read_json(request, MAX_BODY_BYTES)
    return await run_in_threadpool(_begin, request, body)


def _begin(request: Request, body: Json) -> JSONResponse:
    hub, who = hub_of(request), authenticate_token(request)
    title, text = _text(body, "title"), _text(body, "description")
    is_pull = body.get("pullRequest") or False
    if not isinstance(is_pull, bool):
        raise bad_request("pullRequest has to be true or false.")
    _count(request, who)
    with hub.database.write() as db:
        if is_pull:
            repo = permissions.proposable(db, hub, who, *repo_of(request))
            start = pulls.start_of(db, repo, "main")
            thread = pulls.begin(db, repo, _actor(db, repo, who), title, text, start)
        else:
            repo = permissions.discussable(db, who, *repo_of(request))
            thread = threads.open_discussion(db, repo, _actor(db, repo, who), title, text)
    url = hub.url(f"{repo.page}/discussions/{thread.num}")
    return JSONResponse({"num": thread.num, "pullRequest": thread.is_pull, "url": url})


def _endpoint(name: str, act: Act) -> Callable[[Request], Any]:
    """An endpoint that does something in a discussion, and tells of it under a name."""

    async def endpoint(request: Request) -> Response:
        body = await _body(request)
        return await run_in_threadpool(_acted, request, body, name, act)

    return endpoint


def _acted(request: Request, body: Json, name: str, act: Act) -> JSONResponse:
    hub, who = hub_of(request), authenticate_token(request)
    if who.user is not None:
        _count(request, who)
    with hub.database.write() as db:
        repo = permissions.discussable(db, who, *repo_of(request))
        thread = _thread(db, request, repo)
        made = act(db, repo, thread, _actor(db, repo, who), {**body, **request.path_params})
        events = _Events(hub, db, repo, who, [made])
    return JSONResponse({name: events.told()[0]})


def _comment(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, body: Json) -> Entry:
    return threads.comment(db, repo, thread, actor, _text(body, "comment"))


def _edit(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, body: Json) -> Entry:
    return threads.edit(db, repo, thread, actor, body["comment"], _text(body, "content"))


def _hide(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, body: Json) -> Entry:
    return threads.hide(db, repo, thread, actor, body["comment"])


def _rename(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, body: Json) -> Entry:
    return threads.rename(db, repo, thread, actor, _text(body, "title"))


def _set_status(
    db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, body: Json
) -> Entry:
    text = _text(body, "comment")
    return threads.set_status(db, repo, thread, actor, _text(body, "status"), text)


async def merge(request: Request) -> Response:
    """`POST …/discussions/{num}/merge` {comment} or nothing: a commit of what it changes."""
    body = await _body(request)
    user = await run_in_threadpool(_may_merge, request)
    return await COMMITS.run(user, lambda: _merge(request, body))


def _may_merge(request: Request) -> int:
    who = authenticate_token(request)
    with hub_of(request).database.read() as db:
        permissions.writable(db, who, *repo_of(request))
    return require_write(who).id


def _merge(request: Request, body: Json) -> JSONResponse:
    hub, who = hub_of(request), authenticate_token(request)
    with hub.database.read() as db:
        repo = permissions.writable(db, who, *repo_of(request))
        thread = _thread(db, request, repo)
        actor = _actor(db, repo, who)
    made = pulls.merge(hub, repo, thread, actor, _text(body, "comment"))
    prepare(hub, made)
    return JSONResponse({"success": True, "mergeCommitId": made.id})


async def _body(request: Request) -> Json:
    """The body as JSON; clients send none, or null, where there is nothing to say."""
    sent = await read_bounded(request, MAX_BODY_BYTES)
    if sent.strip() in (b"", b"null"):
        return {}
    return await run_apart(PARSING, lambda: json_object(sent, "The body"))


def _text(body: Json, name: str) -> str:
    return text_of(body, name, MAX_BODY_BYTES)


def _count(request: Request, who: Caller) -> None:
    """Counts what an account writes.

    Raises:
        HubError: 401 for nobody, 403 for a token that only reads, 429 where it is too much.
    """
    limits_of(request).count("comments", str(require_write(who).id))


def _actor(db: sqlite3.Connection, repo: Repo, who: Caller) -> Actor:
    return Actor(require_write(who), permissions.may_write(db, repo, who.user))


def _thread(db: sqlite3.Connection, request: Request, repo: Repo) -> Thread:
    return threads.find(db, repo, number_in(request.path_params["num"]))


def _summary(repo: Repo, thread: Thread) -> Json:
    told = {
        "num": thread.num,
        "title": thread.title,
        "status": thread.status,
        "createdAt": shapes.date(thread.created),
        "repo": {"name": repo.full_name, "type": repo.kind},
        "isPullRequest": thread.is_pull,
        "numComments": thread.entries,
        "pinned": False,
    }
    return {**told, **_author(thread.author)}


def _author(name: str) -> Json:
    """Who wrote something; clients read nobody as somebody who was removed."""
    return {"author": {"name": name, "type": "user"}} if name else {}


def _about(db: sqlite3.Connection, repo: Repo, thread: Thread) -> Json:
    """What there is to say of a discussion besides what stands in it."""
    told = {**_summary(repo, thread), "filesWithConflicts": None}
    if (anchor := anchors.of(db, thread)) is not None:
        told["row"] = anchor._asdict()
    if thread.is_pull:
        pull, found = pulls.of(db, thread), pulls.conflicts(db, repo, thread)
        told["changes"] = {"base": f"refs/heads/{pull.base}"}
        if pull.merged is not None:
            told["changes"]["mergeCommitId"] = pull.merged
        told["filesWithConflicts"] = True if found.reason else found.paths
    return told


class _Events:
    """Entries as the clients read them: found within a transaction, and told outside of it."""

    def __init__(
        self, hub: Hub, db: sqlite3.Connection, repo: Repo, who: Caller, shown: list[Entry]
    ) -> None:
        self._shown = shown
        self._render = Comments(hub, db, repo, shown)
        self._moderates = permissions.may_write(db, repo, who.user)
        self._versions = entries.versions(db, shown)

    def told(self) -> list[Json]:
        """The entries."""
        return [self._event(entry) for entry in self._shown]

    def _event(self, entry: Entry) -> Json:
        told = {"id": entry.key, "type": entry.kind, "createdAt": shapes.date(entry.date)}
        data: Json
        if entry.kind == "comment":
            data = self._comment(entry)
        elif entry.kind == "status-change":
            data = {"status": entry.text}
        elif entry.kind == "commit":
            data = {"subject": entry.text, "oid": entry.more}
        else:
            data = {"from": entry.more, "to": entry.text}
        return {**told, **_author(entry.author), "data": data}

    def _comment(self, entry: Entry) -> Json:
        latest = {
            "raw": HIDDEN if entry.hidden else entry.text,
            "html": HIDDEN if entry.hidden else str(self._render(entry.text)),
            "updatedAt": shapes.date(entry.hidden or entry.edited or entry.date),
            **_author(entry.author),
        }
        history = [
            {
                "updatedAt": shapes.date(version.date),
                **({"raw": version.text} if self._moderates else {}),
                **_author(entry.author),
            }
            for version in self._versions.get(entry.key, [])
        ]
        return {
            "edited": entry.edited is not None,
            "hidden": entry.hidden is not None,
            "latest": latest,
            "history": history,
            "numEdits": len(history),
        }


LIST = "/discussions"
ONE = LIST + "/{num:part}"
COMMENT = ONE + "/comment/{comment:part}"
routes: list[BaseRoute] = [
    *repo_calls(LIST, listed),
    *repo_calls(LIST, begin, ["POST"]),
    *repo_calls(ONE, details),
    *repo_calls(ONE + "/comment", _endpoint("newMessage", _comment), ["POST"]),
    *repo_calls(COMMENT + "/edit", _endpoint("updatedComment", _edit), ["POST"]),
    *repo_calls(COMMENT + "/hide", _endpoint("updatedComment", _hide), ["POST"]),
    *repo_calls(ONE + "/title", _endpoint("newTitle", _rename), ["POST"]),
    *repo_calls(ONE + "/status", _endpoint("newStatus", _set_status), ["POST"]),
    *repo_calls(ONE + "/merge", merge, ["POST"]),
]
