"""A hub with something to show on every page of it, and names that are as long as names may be."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.hub.auth import sessions, tokens, users
from pairsmith.hub.auth.users import User
from pairsmith.hub.community import anchors, pulls, threads
from pairsmith.hub.community.anchors import Anchor
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.context import Hub
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.licensing import licences, offers, orders, payments
from pairsmith.hub.licensing.offers import Draft
from pairsmith.hub.membership import invitations, organizations, places
from pairsmith.hub.repos import card, history, repos
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.repos.roles import Role
from support.hub.browsing import FULL_NAMES
from support.hub.parquets import parquet
from support.hub.stock import commit_files, propose_files

ASKED = """\
extra_gated_heading: Ask for the sample
extra_gated_prompt: |
  You may use these pairs for **research**, and you do not pass them on.
extra_gated_fields:
  Organisation: text
  Country: country
  I want to use it for:
    type: select
    options: [Research, Teaching, {label: Something else, value: other}]
  Until when: date_picker
  I agree to the terms above: checkbox
extra_gated_button_content: Ask the owner
"""
ANSWERS = {
    "Organisation": "A school by the sea",
    "Country": "Iceland",
    "I want to use it for": "Teaching",
    "Until when": "2027-06-30",
    "I agree to the terms above": "yes",
}
TERMS = """\
The licensee may train and evaluate models with the dataset, and publish what they find.

1. The dataset is not passed on, in whole or in part.
2. Whoever publishes results names the dataset and its version.
3. The licence ends when the payment is returned.
"""
RESEARCH = Draft(
    "Research", TERMS, "49 USD", "https://buy.stripe.com/test_x", "plink_research", "49.00", "USD"
)
BY_HAND = Draft("Commercial", "As it is agreed with the licensor.", "on request")
JUDGE = b"""---
library_name: transformers
pipeline_tag: text-classification
license: mit
---
# A judge of replies
"""
LONG = "w" * 60  # a name without a place to break it
FOLDER = "f" * 100


class Furnished(NamedTuple):
    """What is where.

    Attributes:
        sessions: The cookie of each person's session.
        first: The first commit of ann/pairs.
        last: The last one, which changed the card.
        licence: The number of bob's licence.
        offer: The number of the offer that Stripe sells.
        edited: The key of a comment that was edited.
    """

    sessions: dict[str, str]
    first: Commit
    last: Commit
    licence: str
    offer: int
    edited: str


def gated_card(text: str) -> str:
    """A card whose front matter asks for something."""
    return text.replace("---\n", "---\n" + ASKED, 1)


def give_roles(hub: Hub, pairs: Repo, people: dict[str, User]) -> None:
    """An organization of ann's, dan its member; eve is invited to it and to a dataset."""
    with hub.database.write() as db:
        guild = places.of_organization(
            organizations.make(db, "guild", "A Guild of Tea", people["ann"])
        )
        places.give(db, guild, "ann", people["dan"], Role.WRITE)
        for place in (guild, places.of_repo(pairs)):
            for whom in ("eve", f"{'e' * 60}@example.org"):
                invitations.invite(db, place, people["ann"], whom, Role.READ)


def furnish(hub: Hub, build: Path) -> Furnished:
    """Fills a hub: ann's are the datasets, of which bob, cleo and dan want something."""
    with hub.database.write() as db:
        people = {
            name: users.add(db, name, full, f"{name}@example.org", None)
            for name, full in FULL_NAMES.items()
        }
        secrets = {name: sessions.begin(db, user) for name, user in people.items()}
        tokens.add(db, people["ann"], "laptop", "write")
        ann = people["ann"]
        pairs, wide = (repos.create(db, ann, "dataset", name, False) for name in ("pairs", LONG))
        repos.create(db, ann, "dataset", "empty", True)
        judge = repos.create(db, ann, "model", "judge", False)
        repos.set_gate(db, judge, "auto")
    first = commit_files(hub, pairs, ann, files_of(build))
    text = gated_card((build / "README.md").read_text("utf-8"))
    last = commit_files(hub, pairs, ann, {"README.md": text.encode()})
    commit_files(hub, wide, ann, wide_files())
    commit_files(hub, judge, ann, {"README.md": JUDGE, "model.safetensors": b"weights"})
    with hub.database.write() as db:
        repos.set_gate(db, pairs, "manual")
        pairs = repos.find(db, "dataset", "ann", "pairs") or pairs
        history.add_ref(db, pairs, "tag", "v1", first)
        sold, by_hand = (offers.make(db, pairs, draft) for draft in (RESEARCH, BY_HAND))
        licence = licences.grant(db, pairs, by_hand, people["bob"], "ann")
        ended = licences.grant(db, pairs, by_hand, people["dan"], "ann")
        licences.revoke(db, ended, "ann", "The project ended.")
        pay_too_little(db, orders.create(db, pairs, sold, people["dan"]))
        form = read_form(card.read(text).data)
        for name in ("cleo", "dan"):
            requests.ask(db, pairs, people[name], ANSWERS, form)
        dans = requests.find(db, pairs, "dan")
        assert dans
        requests.answer(db, pairs, ann, dans, "rejected", "No school of that name is known to us.")
        requests.grant(db, pairs, ann, people["bob"])
    give_roles(hub, pairs, people)
    edited = discuss(hub, pairs, people["bob"], "A row that reads oddly", "It is **this** row.")
    discuss(hub, wide, people["cleo"], "t" * 200, f"{'c' * 300} `{'d' * 300}` @ann, #1\n\n- a\n")
    return Furnished(secrets, first, last, licence.number, sold.id, edited)


def discuss(hub: Hub, repo: Repo, who: User, title: str, text: str) -> str:
    """A discussion about a row, all that can stand in one, and a pull request, which has conflicts.

    Returns:
        The key of a comment that was edited.
    """
    contents = {
        "README.md": b"# Another\n",
        "notes/new.txt": b"one line\n" + b"n" * 300,
        "e.txt": b"",
    }
    with hub.database.write() as db:
        owner = users.named(db, repo.owner)
        head = history.head(db, repo, history.MAIN)
        assert owner
        assert head
        actor, ann = Actor(who, False), Actor(owner, True)
        thread = threads.open_discussion(db, repo, actor, title, text)
        anchors.tie(db, repo, thread, Anchor("red-team-attempts", "train", 2, "", head.id))
        said = threads.comment(db, repo, thread, actor, text)
        threads.edit(db, repo, thread, actor, said.key, f"{text} And more.")
        gone = threads.comment(db, repo, thread, ann, "Not for everybody.")
        threads.hide(db, repo, thread, ann, gone.key)
        threads.rename(db, repo, thread, ann, f"{title}"[:190] + ", mended")
        threads.set_status(db, repo, thread, ann, "closed", "It is mended.")
        pull = pulls.begin(db, repo, actor, f"Change {title}"[:200], text, head)
        threads.set_status(db, repo, pull, actor, "open")
    propose_files(hub, repo, actor, pull.num, contents)
    commit_files(hub, repo, owner, {"e.txt": b"ann has one too\n"})
    return said.key


def files_of(folder: Path) -> dict[str, bytes]:
    """The contents of a folder, by path."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def wide_files() -> dict[str, bytes]:
    """A card, a path and rows that have no place to break."""
    held = io.BytesIO()
    rows = {"id": ["i" * 300], "text": ["t" * 500], "column" * 10: [json.dumps({"a": "b" * 200})]}
    pq.write_table(pa.table(rows), held)
    text = (
        f"# {'h' * 200}\n\n{'p' * 300} `{'c' * 300}`\n\n| {'a' * 90} | {'b' * 90} |\n|-|-|\n|1|2|\n"
    )
    said = parquet({"id": ["i" * 300], "label": ["l" * 90], "score": [-0.5], "detail": ["d" * 300]})
    manifest = {"files": [{"path": "part-00000.parquet"}], "build": {}}
    front = f"---\npretty_name: {'n' * 120}\ntags: [{'t' * 90}]\nlicense: {'l' * 60}\n---\n"
    return {
        "README.md": (front + text).encode(),
        f"{FOLDER}/{FOLDER}.txt": b"x" * 400,
        "data/train-00000-of-00001.parquet": held.getvalue(),
        f"annotations/{FOLDER}/manifest.json": json.dumps(manifest).encode(),
        f"annotations/{FOLDER}/part-00000.parquet": said,
        "audit/report.html": b"<!doctype html><title>An audit</title><h1>An audit</h1>",
        "explore/report.html": b"<!doctype html><title>A map</title><p>" + b"w" * 2000,
    }


def pay_too_little(db, reference: str) -> None:
    """A payment that Stripe took and that made no licence."""
    paid = {
        "id": "cs_" + "1" * 60, "client_reference_id": reference, "payment_status": "paid",
        "payment_link": "plink_research", "payment_intent": "pi_2", "amount_total": 100,
        "currency": "usd",
    }  # fmt: skip
    event = {"id": "evt_1", "object": "event", "type": "checkout.session.completed"}
    payments.apply_event(db, {**event, "data": {"object": paid}})
