"""The gate on the pages: asking for access, answering those who ask, seeing how it stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms, users
from pairsmith.hub.auth.authentication import (
    Caller,
    authenticate,
    require_account,
    require_sign_in,
    require_write,
)
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.auth.redirects import sign_in_then
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import GateForm, problems, read_form
from pairsmith.hub.gating.requests import STATUSES, Request, Status
from pairsmith.hub.http.addresses import number_in, repo_of, repo_pages
from pairsmith.hub.http.csv_export import csv_download, csv_text
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.permissions import Standing
from pairsmith.hub.repos import events, history
from pairsmith.hub.repos.events import Event
from pairsmith.hub.repos.history import MAIN
from pairsmith.hub.repos.readme import read_card
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request as Call
    from starlette.responses import Response

REQUESTS = requests.REQUESTS
EVENTS = 100  # of the record, on the owner's page
PAGE = 100  # requests on a page
CHANGED = "The form has changed since you opened it. Read it again, please."


class GateView(NamedTuple):
    """What `_gate.html.jinja` shows of a repository's gate to one who may know of it.

    The template is given these by their names, `repo`, and what every page is given.

    Attributes:
        standing: Where they stand.
        form: What they are asked.
        reason: Why they were rejected or revoked, as the owner put it; or ''.
    """

    standing: Standing
    form: GateForm
    reason: str


class EventLine(NamedTuple):
    """An event as people read it."""

    date: str
    actor: str
    user: str
    action: str
    detail: str


def gate_view(db: sqlite3.Connection, hub: Hub, repo: Repo, who: Caller) -> GateView:
    """What the page of a repository that the caller may know of says of its gate."""
    form = current_form(db, hub, repo)
    own = requests.find(db, repo, who.name) if who.user else None
    return GateView(permissions.standing(db, repo, who.user), form, own.reason if own else "")


def current_form(db: sqlite3.Connection, hub: Hub, repo: Repo) -> GateForm:
    """The form of the card on the main branch."""
    commit = history.head(db, repo, MAIN)
    return read_form(read_card(hub, db, commit).data if commit else {}, repo.kind)


def take_question(call: Call, sent: FormData) -> Response:
    """`POST …/ask-access`: asks for access with what was answered."""
    hub, who = hub_of(call), authenticate(call)
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(call))
        shown = gate_view(db, hub, repo, who)
    if who.user is None:
        return sign_in_then(repo.page)
    user, form = require_write(who), shown.form
    answers = {
        field.label: forms.text(sent, f"answer-{place}") for place, field in enumerate(form.fields)
    }
    if shown.standing is Standing.STRANGER:
        if forms.text(sent, "form") != form.mark:
            return _form_again(call, who, repo, shown, {}, [CHANGED])
        if wrong := problems(form, answers):
            return _form_again(call, who, repo, shown, answers, wrong)
        limits_of(call).count("requests", str(user.id))
    with hub.database.write() as db:
        repo = permissions.visible(db, who, *repo_of(call))
        requests.ask(db, repo, user, answers, form)
    return RedirectResponse(repo.page, 303)


def show_requests(call: Call) -> Response:
    """`GET …/settings/requests?status&after`: who asked, and the outcome; for the owner."""
    hub, who = hub_of(call), require_sign_in(call)
    status = requests.known_status(call.query_params.get("status", "")) or "pending"
    after = number_in(call.query_params.get("after", "")) or 0
    with hub.database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(call))
        found = requests.listed(db, repo, status, after, PAGE + 1)
        counts = requests.counts(db, repo)
        log = [_event_line(event) for event in events.recent(db, repo, EVENTS, reads=False)]
        form = current_form(db, hub, repo)
    return page(
        call,
        "requests.html.jinja",
        who,
        repo=repo,
        chosen=status,
        counts=counts,
        requests=found[:PAGE],
        next=found[PAGE - 1].id if len(found) > PAGE else 0,
        log=log,
        form=form,
        longest=requests.MAX_REASON_CHARS,
    )


def take_answer(call: Call, sent: FormData) -> Response:
    """`POST …/settings/requests`: the owner's answer to a request."""
    who = require_sign_in(call)
    status = requests.known_status(forms.text(sent, "status"))
    if status is None:
        raise bad_request(f"An answer is one of {', '.join(STATUSES)}.")
    with hub_of(call).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(call))
        request = requests.by_id(db, repo, number_in(forms.text(sent, "request")) or 0)
        if request is None:
            raise HubError(404, "There is no such request any more.")
        reason = forms.line(sent, "reason")
        requests.answer(db, repo, require_write(who), request, status, reason)
    return _back(repo, request.status)


def take_grant(call: Call, sent: FormData) -> Response:
    """`POST …/settings/requests/grant`: lets a user in, whether they asked or not."""
    who = require_sign_in(call)
    with hub_of(call).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(call))
        name = forms.line(sent, "user")
        user = users.named(db, name)
        if user is None:
            raise HubError(404, f"There is no user {name[:100]!r} here.")
        requests.grant(db, repo, require_write(who), user)
    return _back(repo, "accepted")


def download(call: Call) -> Response:
    """`GET …/settings/requests.csv`: all requests, the answers in columns."""
    who = require_sign_in(call)
    with hub_of(call).database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(call))
        found = requests.list_all(db, repo)
        asked = [field.label for field in current_form(db, hub_of(call), repo).fields]
    return csv_download(f"{repo.owner}-{repo.name}-requests.csv", csv_text(table(found, asked)))


def table(found: list[Request], asked: Iterable[str] = ()) -> Iterable[list[object]]:
    """Requests as rows under a header, with a column for each question that was ever answered.

    Args:
        found: The requests.
        asked: The questions of the form at present, whose order the columns have.
    """
    answered = dict.fromkeys(label for request in found for label in request.fields)
    labels = [label for label in dict.fromkeys([*asked, *answered]) if label in answered]
    yield [
        *("user", "full name", "e-mail", "status", "asked", "answered", "reason", "licence"),
        *labels,
    ]
    for one in found:
        yield [
            *(one.user, one.fullname, one.email, one.status),
            *(_moment(one.asked), _moment(one.answered), one.reason, _answer(one.licensed)),
            *(_answer(one.fields.get(label, "")) for label in labels),
        ]


def show_own(call: Call) -> Response:
    """`GET /settings/access`: what the user asked for, and how it stands."""
    who = require_sign_in(call)
    with hub_of(call).database.read() as db:
        found = requests.of_user(db, require_account(who))
    return page(call, "own_requests.html.jinja", who, requests=found)


def _form_again(
    call: Call,
    who: Caller,
    repo: Repo,
    shown: GateView,
    answers: Mapping[str, str],
    wrong: list[str],
) -> Response:
    """The form with what was answered, and what is wrong with it."""
    return page(
        call,
        "ask.html.jinja",
        who,
        400,
        repo=repo,
        **shown._asdict(),
        answers=answers,
        problems=wrong,
    )


def _back(repo: Repo, status: Status) -> Response:
    return RedirectResponse(f"{repo.page}{REQUESTS}?status={status}", 303)


def _event_line(event: Event) -> EventLine:
    detail = dict(event.detail)
    answers = detail.pop("answers", None)
    said = {**detail, **(answers if isinstance(answers, dict) else {})}
    said.pop("form", None)
    text = "; ".join(f"{name}: {_answer(value)}" for name, value in said.items())
    return EventLine(_moment(event.date), event.actor, event.user, event.action, text[:2000])


def _answer(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value)


def _moment(seconds: int | None) -> str:
    """A time, UTC: 2026-11-24 12:30; '' for none."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds else ""


routes: list[BaseRoute] = [
    *forms.repo_posts("/ask-access", take_question),
    *repo_pages(REQUESTS, show_requests),
    *forms.repo_posts(REQUESTS, take_answer),
    *forms.repo_posts(REQUESTS + "/grant", take_grant),
    *repo_pages(REQUESTS + ".csv", download),
    Route("/settings/access", show_own),
]
