"""A dataset of ann's, and people who discuss it by calls with tokens."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from pairsmith.hub.auth.users import User
from pairsmith.hub.repos import repos
from support.hub.stock import commit_files

CALLS = "/api/datasets/ann/tea"


class Person(NamedTuple):
    """Somebody with an account; what they call is about ann/tea."""

    user: User
    headers: dict[str, str]
    client: Any

    def get(self, path: str = "", status: int = 200, /, **params: Any) -> Any:
        answer = self.client.get(f"{CALLS}{path}", headers=self.headers, params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, /, **body: Any) -> Any:
        answer = self.client.post(f"{CALLS}{path}", headers=self.headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def begin(self, title: str = "A question", status: int = 200, **more: Any) -> int:
        """Begins a discussion: its number."""
        body = {"title": title, "description": "Which leaves are these?", **more}
        return int(self.post("/discussions", status, **body).get("num", 0))

    def commit(
        self, revision: str, changes: dict[str, str | None], status: int = 200, **params: Any
    ) -> Any:
        """Commits small texts, or their ends, to a revision."""
        lines: list[dict[str, Any]] = [
            {"key": "header", "value": {"summary": "A change", **params.pop("header", {})}}
        ]
        for path, text in changes.items():
            key = "deletedFile" if text is None else "file"
            lines.append(
                {"key": key, "value": {"path": path, "content": text or "", "encoding": "utf-8"}}
            )
        answer = self.client.post(
            f"{CALLS}/commit/{revision.replace('/', '%2F')}",
            headers=self.headers, params=params, content="\n".join(map(json.dumps, lines)),
        )  # fmt: skip
        assert answer.status_code == status, answer.text
        return answer.json()

    def propose(self, changes: dict[str, str | None], base: str = "main", **more: Any) -> int:
        """Begins a pull request of a commit: its number."""
        made = self.commit(base, changes, create_pr=1, **more)
        return int(made["pullRequestUrl"].rpartition("/")[2])

    def read(self, path: str, revision: str = "main") -> str | None:
        """A text of the dataset; None where it is not there."""
        url = f"/datasets/ann/tea/resolve/{revision.replace('/', '%2F')}/{path}"
        answer = self.client.get(url, headers=self.headers)
        return answer.text if answer.status_code == 200 else None

    def paths(self, revision: str = "main") -> list[str]:
        """The files of the dataset."""
        told = self.get(f"/tree/{revision.replace('/', '%2F')}", recursive=1)
        return [one["path"] for one in told if one["type"] == "file"]


@pytest.fixture
def person(client, account):
    def make(name: str, role: str = "write") -> Person:
        user, headers = account(name, role)
        return Person(user, headers, client)

    return make


@pytest.fixture
def tea(hub, ann):
    """A dataset of ann's with a card and a text, which is open to all unless it is changed."""
    with hub.database.write() as db:
        repo = repos.create(db, ann.user, "dataset", "tea", False)
    commit_files(hub, repo, ann.user, {"README.md": b"# Tea\n", "leaves.txt": b"green\nblack\n"})
    return repo


@pytest.fixture
def change(hub, tea):
    """Changes how ann/tea is set up: its gate, who may know of it, who was let in."""

    def act(gate: str = "off", private: bool = False, **stands: str) -> None:
        with hub.database.write() as db:
            repos.set_gate(db, tea, gate)
            repos.set_private(db, tea, private)
            for name, status in stands.items():
                db.execute(
                    "INSERT INTO requests (repo, user, status, fields, asked) SELECT ?, id, ?,"
                    " '{}', 0 FROM users WHERE name = ? ON CONFLICT DO UPDATE SET"
                    " status = excluded.status",
                    (tea.id, status, name),
                )

    return act
