"""Requests for access: who asked, what they answered, what the owner said to it.

One request a user and repository, in one of four states:

    ask ──► pending ──► accepted ──► revoked       an `auto` gate accepts at once
               ▲  └───► rejected                   the owner can move any to any other

Who was rejected or revoked cannot ask again; the owner can grant. Requests belong to the
repository and not to its gate: turning the gate from manual to auto leaves those pending to the
owner's answer, and turning it off and on again finds every request as it was.

Someone whom the owner let in unasked agreed to nothing, so their e-mail is not shown to the owner;
such a request has no date of asking (0).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now
from pairsmith.hub.gating.form import Answer, GateForm, check_answers
from pairsmith.hub.http.addresses import Kind
from pairsmith.hub.http.errors import HubError, bad_request, not_allowed
from pairsmith.hub.notices.kinds import Kind as NoticeKind
from pairsmith.hub.notices.telling import Happening, admins, settle, tell
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.licensed import LICENSED
from pairsmith.hub.repos.repos import Gate, Repo
from pairsmith.hub.repos.roles import role_of

Status = Literal["pending", "accepted", "rejected", "revoked"]
STATUSES: tuple[Status, ...] = get_args(Status)
MAX_REASON_CHARS = 200  # characters; what the clients promise
PAGE = 1000  # requests in one answer or page
REQUESTS = "/settings/requests"  # behind a repository's page: where its admins answer
CLOSED = {
    "rejected": "The owner rejected your request; you cannot ask again, but the owner can let you"
    " in.",
    "revoked": "The owner revoked your access; you cannot ask again, but the owner can let you in.",
}
ACTIONS = {"pending": "cancelled"}  # what an answer is called in the record, where not as itself
SELECT = (
    "SELECT requests.id, users.id, users.name, users.fullname, users.email, status, fields,"
    f" asked, answered, reason, {LICENSED.format(user='requests.user', repo='requests.repo')}"
    " FROM requests JOIN users ON users.id = requests.user"
)


class Request(NamedTuple):
    """A request, as the owner of the repository sees it.

    Attributes:
        id: Its number.
        user_id: The number of who asks.
        user: Their name.
        fullname: Their name in full; '' for one who never asked.
        email: Their e-mail; '' for one who never asked.
        status: How it stands.
        fields: What they answered, by label.
        asked: When they asked; 0 for one who never asked, and was let in by the owner.
        answered: When it was last answered; None where it was not.
        reason: Why it was rejected or revoked, as told to the user.
        licensed: Whether they also hold a licence, and read the data by that.
    """

    id: int
    user_id: int
    user: str
    fullname: str
    email: str
    status: Status
    fields: dict[str, Answer]
    asked: int
    answered: int | None
    reason: str
    licensed: bool

    @property
    def date(self) -> int:
        """When it was made: asked for, or granted unasked."""
        return self.asked or self.answered or 0


class OwnRequest(NamedTuple):
    """A request, as the one who made it sees it; `repo` is owner/name."""

    kind: Kind
    repo: str
    status: Status
    asked: int
    answered: int | None
    reason: str


def ask(
    db: sqlite3.Connection, repo: Repo, user: User, answers: Mapping[str, str], form: GateForm
) -> Status:
    """Asks for access, on behalf of one who may know of the repository.

    Where there is a request that is pending or accepted, nothing changes.

    Args:
        db: A write transaction.
        repo: The repository.
        user: Who asks.
        answers: What they answered, by label.
        form: The form that they were shown.

    Returns:
        How the request stands: accepted at once where the gate is auto, or else pending.

    Raises:
        HubError: 400 where there is nothing to ask for, or an answer is missing or wrong; 403
            where the user was rejected, or their access was revoked.
    """
    if repo.gate == "off" or role_of(db, repo, user).reads:
        raise bad_request(f"{repo.full_name} is open to you; there is nothing to ask for.")
    if before := find(db, repo, user.name):
        if before.status in CLOSED:
            raise not_allowed(CLOSED[before.status])
        return before.status
    fields = check_answers(form, answers)
    status: Status = "accepted" if repo.gate == "auto" else "pending"
    db.execute(
        "INSERT INTO requests (repo, user, status, fields, asked, answered)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            repo.id,
            user.id,
            status,
            json.dumps(fields, ensure_ascii=False),
            now(),
            now() if status == "accepted" else None,
        ),
    )
    events.record(db, repo, user.name, user.name, "asked", answers=fields, form=form.mark)
    if status == "accepted":
        events.record(db, repo, "hub", user.name, "accepted", gate="auto")
    else:
        asked = Happening(NoticeKind.REQUEST, "asked", REQUESTS, repo, user.id)
        tell(db, admins(db, repo), asked)
    return status


def answer(
    db: sqlite3.Connection,
    repo: Repo,
    actor: User,
    request: Request,
    status: Status,
    reason: str = "",
) -> None:
    """Answers a request, anew where it was answered; `pending` takes an answer back.

    Taking back what was granted to one who never asked leaves no request at all.

    Args:
        db: A write transaction.
        repo: The repository.
        actor: Who answers: its owner, or another of its admins.
        request: The request, as it is in this transaction.
        status: What it shall be.
        reason: Why, where it is rejected or revoked; the user is told.

    Raises:
        HubError: 400 where the gate is off, or the reason is too long or goes with no such answer,
            or what was never accepted is revoked; 404 where the request is in that state.
    """
    _check_answer(repo, request, status, reason)
    if status == "pending" and not request.asked:
        db.execute("DELETE FROM requests WHERE id = ?", (request.id,))
    else:
        db.execute(
            "UPDATE requests SET status = ?, answered = ?, reason = ? WHERE id = ?",
            (status, None if status == "pending" else now(), reason, request.id),
        )
    action = ACTIONS.get(status, status)
    said = {"was": request.status} | ({"reason": reason} if reason else {})
    events.record(db, repo, actor.name, request.user, action, **said)
    _tell_answer(db, repo, actor, request.user_id, status)


def grant(db: sqlite3.Connection, repo: Repo, actor: User, user: User) -> None:
    """Lets a user in, whether they asked or not, and whatever was answered before.

    Args:
        db: A write transaction.
        repo: The repository.
        actor: Who answers: its owner, or another of its admins.
        user: Who is let in.

    Raises:
        HubError: 400 where the gate is off, or the user was let in before.
    """
    _must_be_on(repo)
    before = find(db, repo, user.name)
    if role_of(db, repo, user).reads or (before and before.status == "accepted"):
        raise bad_request(f"{user.name} has access already.")
    db.execute(
        "INSERT INTO requests (repo, user, status, fields, asked, answered)"
        " VALUES (?, ?, 'accepted', '{}', 0, ?)"
        " ON CONFLICT DO UPDATE SET status = 'accepted', answered = ?, reason = ''",
        (repo.id, user.id, now(), now()),
    )
    said = {"was": before.status} if before else {}
    events.record(db, repo, actor.name, user.name, "granted", **said)
    _tell_answer(db, repo, actor, user.id, "accepted")


def _tell_answer(
    db: sqlite3.Connection, repo: Repo, actor: User, user: int, status: Status
) -> None:
    """Tells who asked how their request stands; where no other waits, nobody is asked any more."""
    answered = Happening(NoticeKind.ANSWER, status, "", repo, actor.id)
    tell(db, [user], answered)
    if not counts(db, repo)["pending"]:
        settle(db, repo, REQUESTS)


def turn_gate(db: sqlite3.Connection, repo: Repo, actor: User, to: Gate) -> None:
    """Turns the gate on or off; every request stays as it is."""
    if to != repo.gate:
        repos.set_gate(db, repo, to)
        events.record(db, repo, actor.name, "", "gate", was=repo.gate, now=to)


def turn_private(db: sqlite3.Connection, repo: Repo, actor: User, to: bool) -> None:
    """Hides the repository from all but its owner, or shows it."""
    if to != repo.private:
        repos.set_private(db, repo, to)
        events.record(db, repo, actor.name, "", "visibility", now="private" if to else "public")


def end(db: sqlite3.Connection, repo: Repo, actor: User) -> None:
    """Takes the repository away; the record of it stays."""
    events.record(db, repo, actor.name, "", "deleted")
    repos.delete(db, repo)


def find(db: sqlite3.Connection, repo: Repo, user: str) -> Request | None:
    """The request of the user of that name, or None."""
    row = db.execute(
        f"{SELECT} WHERE requests.repo = ? AND users.name = ?", (repo.id, user)
    ).fetchone()
    return _request(row) if row else None


def of_user_id(db: sqlite3.Connection, repo: Repo, number: int) -> Request | None:
    """The request of the user with that number, or None."""
    row = db.execute(
        f"{SELECT} WHERE requests.repo = ? AND users.id = ?", (repo.id, number)
    ).fetchone()
    return _request(row) if row else None


def by_id(db: sqlite3.Connection, repo: Repo, number: int) -> Request | None:
    """The request of that number, where it is one of this repository; or None."""
    row = db.execute(
        f"{SELECT} WHERE requests.repo = ? AND requests.id = ?", (repo.id, number)
    ).fetchone()
    return _request(row) if row else None


def listed(
    db: sqlite3.Connection, repo: Repo, status: Status, after: int = 0, limit: int = PAGE
) -> list[Request]:
    """The requests in a state, the oldest first.

    Args:
        db: A transaction.
        repo: The repository.
        status: The state.
        after: Only those with a number above this one.
        limit: At most this many.
    """
    rows = db.execute(
        f"{SELECT} WHERE requests.repo = ? AND status = ? AND requests.id > ?"
        " ORDER BY requests.id LIMIT ?",
        (repo.id, status, after, limit),
    ).fetchall()
    return [_request(row) for row in rows]


def list_all(db: sqlite3.Connection, repo: Repo) -> list[Request]:
    """All requests, whatever their state, the oldest first."""
    rows = db.execute(f"{SELECT} WHERE requests.repo = ? ORDER BY requests.id", (repo.id,))
    return [_request(row) for row in rows.fetchall()]


def counts(db: sqlite3.Connection, repo: Repo) -> dict[Status, int]:
    """How many requests are in each state."""
    rows = db.execute(
        "SELECT status, count(*) FROM requests WHERE repo = ? GROUP BY status", (repo.id,)
    )
    found: dict[Status, int] = dict(rows.fetchall())
    return {status: found.get(status, 0) for status in STATUSES}


def of_user(db: sqlite3.Connection, user: User) -> list[OwnRequest]:
    """The requests of a user, the newest first; a repository that was hidden since is left out."""
    rows = db.execute(
        "SELECT repos.kind, users.name || '/' || repos.name, status, asked, answered, reason"
        " FROM requests JOIN repos ON repos.id = requests.repo JOIN users ON users.id = repos.owner"
        " WHERE requests.user = ? AND private = 0 ORDER BY requests.id DESC",
        (user.id,),
    ).fetchall()
    return [OwnRequest(*row) for row in rows]


def known_status(text: str) -> Status | None:
    """A state by its name, or None."""
    return next((status for status in STATUSES if status == text), None)


def _check_answer(repo: Repo, request: Request, status: Status, reason: str) -> None:
    _must_be_on(repo)
    if request.status == status:
        raise HubError(404, f"The request of {request.user} is already in the {status} list.")
    if status == "revoked" and request.status != "accepted":
        raise bad_request(f"{request.user} has no access that could be revoked.")
    if reason and status not in CLOSED:
        raise bad_request("A reason goes with a request that is rejected or revoked.")
    if len(reason) > MAX_REASON_CHARS:
        raise bad_request(f"A reason has at most {MAX_REASON_CHARS} characters.")


def _must_be_on(repo: Repo) -> None:
    if repo.gate == "off":
        raise bad_request(f"{repo.full_name} is not gated; turn its gate on first.")


def _request(row: sqlite3.Row) -> Request:
    found = Request(*row)
    shared = found if found.asked else found._replace(fullname="", email="")
    return shared._replace(fields=json.loads(row["fields"]), licensed=bool(found.licensed))
