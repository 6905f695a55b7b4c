"""People who write to a hub at once, whatever becomes of it, and what has to be there afterwards.

Each does one thing after the other: commits, discussions, comments, pull requests, merges, requests
for access. What the hub acknowledged is kept with what it told. Nothing is tried twice under one
name: what got no answer may be there or not, and is there at most once.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from pairsmith.hub.auth import sessions, tokens, users
from pairsmith.hub.context import open_hub
from pairsmith.hub.core.database import now
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.membership import places
from pairsmith.hub.repos import commits, files, history, repos
from pairsmith.hub.repos.commits import Message
from pairsmith.hub.repos.roles import Role

OPEN = ("data-0", "data-1")
GATED = 40  # datasets for which each writer asks once
TOO_OLD = "This form is too old"  # of before the hub was started again
DENIED = (409, 412, 429, 503)  # what an honest hub may say: somebody was faster, or too much


class Deed(NamedTuple):
    """Something that the hub acknowledged.

    Attributes:
        kind: What it was.
        name: By what it is found; given once.
        repo: In which repository of ann's.
        told: What the hub told of it, such as a number.
    """

    kind: str
    name: str
    repo: str
    told: str


@dataclass
class Diary:
    """What all writers did.

    Attributes:
        deeds: What was acknowledged.
        denied: How many answers said that somebody was faster, or that it was too much.
        cut: How many calls got no answer.
        faults: Answers that should not be.
        waits: Seconds of each call that was answered.
    """

    deeds: list[Deed] = field(default_factory=list)
    denied: int = 0
    cut: int = 0
    faults: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


class Person(NamedTuple):
    """Somebody with an account: by token and by browser."""

    name: str
    token: str
    session: str


def furnish(root: Path, count: int) -> list[Person]:
    """Makes a hub with ann's datasets and writers: ann first, the others after her.

    Each of the others may write to one of the two open datasets, and proposes to the other.
    """
    people = []
    with open_hub(root, create=True) as hub, hub.database.write() as db:
        for name in ("ann", *(f"writer-{number}" for number in range(count))):
            user = users.add(db, name, "", f"{name}@example.org", None)
            db.execute("UPDATE users SET confirmed = ? WHERE id = ?", (now(), user.id))
            people.append(
                Person(name, tokens.add(db, user, "t", "write"), sessions.begin(db, user))
            )
        ann = users.named(db, "ann")
        for name in (*OPEN, *(f"gated-{number}" for number in range(GATED))):
            repo = repos.create(db, ann, "dataset", name, private=False)
            commits.commit(db, repo, "main", ann, Message("A commit"), [])
            if name.startswith("gated"):
                repos.set_gate(db, repo, "manual")
        for number in range(count):
            place = places.of_repo(repos.find(db, "dataset", "ann", OPEN[number % 2]))
            places.give(db, place, "ann", users.named(db, f"writer-{number}"), Role.WRITE)
    return people


class Writer(threading.Thread):
    """Writes until it is over; where the hub is away, it waits a moment and goes on."""

    def __init__(
        self, url: str, number: int, people: Sequence[Person], diary: Diary, over: threading.Event
    ) -> None:
        super().__init__()
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=60)
        self._number, self._turn, self._over, self._diary = number, 0, over, diary
        self._person, self._ann = people[number + 1], people[0]
        self._mine, self._others = OPEN[number % 2], OPEN[(number + 1) % 2]
        self._thread = self._pull = 0

    def run(self) -> None:
        acts: tuple[Callable[[str], Deed | None], ...] = (
            *(self._commit, self._comment, self._open, self._comment, self._propose),
            *(self._comment, self._merge, self._ask, self._comment),
        )
        with self._client:
            while not self._over.is_set():
                self._turn += 1
                name = f"{self._number}-{self._turn}"
                try:
                    deed = acts[self._turn % len(acts)](name)
                except httpx.TransportError:
                    self._diary.cut += 1
                    self._over.wait(0.05)
                    continue
                if deed is not None:
                    self._diary.deeds.append(deed)

    def _commit(self, name: str) -> Deed | None:
        told = self._send(f"{self._mine}/commit/main", lines(name, f"made/{name}.txt"))
        return Deed("commit", name, self._mine, told["commitOid"]) if told else None

    def _propose(self, name: str) -> Deed | None:
        path = f"{self._others}/commit/main?create_pr=1"
        told = self._send(path, lines(name, f"proposed/{name}.txt"))
        if told is None:
            return None
        self._pull = int(told["pullRequestUrl"].rpartition("/")[2])
        return Deed("proposal", name, self._others, str(self._pull))

    def _merge(self, name: str) -> Deed | None:
        if not self._pull:
            return None
        number, self._pull = self._pull, 0
        path = f"{self._others}/discussions/{number}/merge"
        told = self._send(path, json.dumps({"comment": name}), self._ann.token)
        return Deed("merge", name, self._others, told["mergeCommitId"]) if told else None

    def _open(self, name: str) -> Deed | None:
        body = json.dumps({"title": f"Title {name}", "description": name})
        told = self._send(f"{self._others}/discussions", body)
        if told is None:
            return None
        self._thread = told["num"]
        return Deed("discussion", name, self._others, str(self._thread))

    def _comment(self, name: str) -> Deed | None:
        if not self._thread:
            return None
        path = f"{self._others}/discussions/{self._thread}/comment"
        told = self._send(path, json.dumps({"comment": name}))
        return Deed("comment", name, self._others, told["newMessage"]["id"]) if told else None

    def _ask(self, name: str) -> Deed | None:
        """Asks for access by the form on the page, as browsers do."""
        if self._turn // 9 >= GATED:
            return None
        repo, (cookies, proof) = f"gated-{self._turn // 9}", self._read_form()
        sent = {"csrf": proof, "form": read_form({}).mark}
        answer = self._call(f"/datasets/ann/{repo}/ask-access", cookie_line(cookies), data=sent)
        return Deed("request", self._person.name, repo, "") if answer is not None else None

    def _read_form(self) -> tuple[dict[str, str], str]:
        """The cookies and the hidden field with which a form is sent, until the hub starts anew."""
        self._client.cookies.clear()
        cookies = {sessions.COOKIE: self._person.session}
        page = self._client.get("/settings/tokens", headers=cookie_line(cookies))
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        return {**cookies, **page.cookies}, found[1] if found else ""

    def _send(self, path: str, body: str, token: str = "") -> dict[str, Any] | None:
        """A call about a dataset of ann's by a token; what the hub told, None where it declined."""
        headers = {"Authorization": f"Bearer {token or self._person.token}"}
        answer = self._call(f"/api/datasets/ann/{path}", headers, content=body)
        return None if answer is None else answer.json()

    def _call(self, path: str, headers: dict[str, str], **sent: Any) -> httpx.Response | None:
        began = time.monotonic()
        self._client.cookies.clear()
        answer = self._client.post(path, headers=headers, **sent)
        self._diary.waits.append(time.monotonic() - began)
        if answer.status_code in (200, 303):
            return answer
        if answer.status_code in DENIED or TOO_OLD in answer.text:
            self._diary.denied += 1
            self._over.wait(0.05)
        else:
            self._diary.faults.append(f"{path}: {answer.status_code} {answer.text[:200]}")
        return None


def cookie_line(cookies: dict[str, str]) -> dict[str, str]:
    """Cookies as a header."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def lines(title: str, path: str) -> str:
    """The body of a commit of a small file, whose text is the title."""
    text = base64.b64encode(title.encode()).decode()
    head = {"key": "header", "value": {"summary": title}}
    line = {"key": "file", "value": {"path": path, "content": text, "encoding": "base64"}}
    return f"{json.dumps(head)}\n{json.dumps(line)}\n"


def missing(root: Path, deeds: Sequence[Deed]) -> list[str]:
    """What was acknowledged and is not there, what is there twice, and what cannot be."""
    with open_hub(root) as hub, hub.database.read() as db:
        rows = [tuple(map(str, row)) for row in db.execute(THERE)]
        found = [f"{row[0]}: {row[1]}" for row in db.execute(UNTRUE)]
        named = Counter(row[:3] for row in rows)
        found += [f"{what} is there {count} times" for what, count in named.items() if count > 1]
        there = set(rows)
        found += [f"{deed} is not there" for deed in deeds if deed not in there]
        for name in OPEN:
            repo = repos.find(db, "dataset", "ann", name)
            head = history.head(db, repo, "main")
            past = {made.id for made in history.ancestors(db, repo, head, 10**9)}
            paths = {file.path: file for file in files.under(db, head, limit=10**6)}
            for deed in deeds:
                if deed.repo == name and deed.kind in ("commit", "merge"):
                    file = paths.get(f"made/{deed.name}.txt")
                    text = hub.blobs.path(file.blob).read_text() if file else ""
                    if deed.told not in past or (deed.kind == "commit" and text != deed.name):
                        found.append(f"{deed} is not in the history, or its file is not there")
    return found


THERE = """
SELECT 'comment', text, repos.name, key FROM discussion_entries AS entry
  JOIN discussions ON discussions.id = discussion JOIN repos ON repos.id = repo
  WHERE entry.kind = 'comment' AND discussions.title <> 'Title ' || text
UNION ALL SELECT 'discussion', substr(title, 7), repos.name, num FROM discussions
  JOIN repos ON repos.id = repo WHERE title LIKE 'Title %'
UNION ALL SELECT 'proposal', discussions.title, repos.name, num FROM discussions
  JOIN pulls ON pulls.discussion = discussions.id JOIN repos ON repos.id = repo
UNION ALL SELECT 'merge', text, repos.name, merged FROM discussions
  JOIN pulls ON pulls.discussion = discussions.id JOIN repos ON repos.id = repo
  JOIN discussion_entries AS entry
  ON entry.discussion = discussions.id AND entry.kind = 'comment'
  WHERE merged NOT NULL AND status = 'merged'
UNION ALL SELECT 'commit', commits.title, repos.name, commits.id FROM commits
  JOIN repos ON repos.id = commits.repo
  WHERE repos.name LIKE 'data-%' AND commits.title GLOB '[0-9]*-[0-9]*'
UNION ALL SELECT 'request', users.name, repos.name, '' FROM requests
  JOIN users ON users.id = user JOIN repos ON repos.id = requests.repo
"""
UNTRUE = """
SELECT discussions.id, 'its entries are counted wrongly' FROM discussions
  WHERE entries <> (SELECT count(*) FROM discussion_entries WHERE discussion = discussions.id)
UNION ALL SELECT repo, 'its discussions are not numbered in order' FROM discussions
  GROUP BY repo HAVING max(num) <> count(*)
UNION ALL SELECT entry.id, 'it is on record ' || count(events.id) || ' times'
  FROM discussion_entries AS entry LEFT JOIN events ON events.action = 'commented'
  AND json_extract(detail, '$.comment') = key WHERE entry.kind = 'comment'
  AND entry.id > (SELECT min(id) FROM discussion_entries WHERE discussion = entry.discussion)
  GROUP BY entry.id HAVING count(events.id) <> 1
UNION ALL SELECT subject, user || ' asked ' || count(*) || ' times' FROM events
  WHERE action = 'asked' GROUP BY subject, user HAVING count(*) > 1
UNION ALL SELECT requests.id, 'it is not on record' FROM requests WHERE NOT EXISTS
  (SELECT 1 FROM events JOIN users ON users.name = events.user AND users.id = requests.user
   WHERE action = 'asked' AND subject = requests.repo)
UNION ALL SELECT discussion, 'it was merged ' || count(*) || ' times' FROM discussion_entries
  WHERE kind = 'status-change' AND text = 'merged' GROUP BY discussion HAVING count(*) > 1
UNION ALL SELECT discussion, 'it is merged, and has no such entry' FROM pulls
  WHERE merged NOT NULL AND NOT EXISTS (SELECT 1 FROM discussion_entries AS entry
  WHERE entry.discussion = pulls.discussion AND kind = 'status-change' AND more = merged)
UNION ALL SELECT requests.repo, count(*) || ' asked, and its owner was told of others'
  FROM requests JOIN repos ON repos.id = requests.repo
  WHERE (SELECT count(*) FROM notices WHERE user = owner) < 500 GROUP BY requests.repo
  HAVING count(*) <> (SELECT coalesce(sum(count), 0) FROM notices
  WHERE notices.repo = requests.repo AND notices.user = repos.owner AND kind = 'request')
UNION ALL SELECT discussion, 'its newest commit is not there' FROM pulls
  WHERE NOT EXISTS (SELECT 1 FROM commits WHERE id = head)
"""
"""What cannot be, whatever was killed when; of the notices of an account 500 are kept."""
