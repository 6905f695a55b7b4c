"""The owner's lists of who asked, the answers, and the table to take away."""

from __future__ import annotations

import csv
import io

import pytest

from pairsmith.hub.gating.form import read_form
from pairsmith.hub.repos import card, repos
from support.hub.gated import (
    ANSWERS,
    KEPT,
    REQUESTS,
    answer,
    ask,
    found,
    stands,
)
from support.hub.stock import commit_files


def test_the_owner_sees_who_asked_and_answers(hub, dataset, ann, bob, inputs):
    dataset()
    ask(bob, **{"answer-0": "<i>ACME</i>"})
    page = ann.get(REQUESTS).text
    for text in ("bob@example.org", "Bob", "&lt;i&gt;ACME&lt;/i&gt;", "1990-02-28", "pending (1)"):
        assert text in page
    assert "<i>" not in page
    assert inputs(page).sent[REQUESTS]["request"] == str(found(hub).id)
    for status, before in (("accepted", "pending"), ("revoked", "accepted")):
        answered = answer(hub, ann, status)
        assert answered.status_code == 303
        assert answered.headers["location"] == f"{REQUESTS}?status={before}"
        assert stands(hub, bob) == status
        page = ann.get(f"{REQUESTS}?status={status}").text
        assert f"{status} (1)" in page
        assert "bob@example.org" in page
    assert "bob@example.org" not in ann.get(f"{REQUESTS}?status=pending").text


def test_the_owner_lets_somebody_in_who_never_asked(hub, dataset, ann, bob):
    dataset()
    answered = ann.send(f"{REQUESTS}/grant", user="BOB")
    assert answered.headers["location"] == f"{REQUESTS}?status=accepted"
    assert stands(hub, bob) == "accepted"
    for page in (ann.get(f"{REQUESTS}?status=accepted").text, ann.get(f"{REQUESTS}.csv").text):
        assert "bob" in page
        assert "bob@example.org" not in page
    assert "let in unasked" in bob.get("/settings/access").text
    assert ann.send(f"{REQUESTS}/grant", user="nobody-here").status_code == 404
    assert ann.send(f"{REQUESTS}/grant", user="bob").status_code == 400


def test_what_happened_stands_below(hub, dataset, ann, bob):
    dataset()
    ask(bob)
    answer(hub, ann, "rejected", reason="Too late")
    page = ann.get(REQUESTS).text
    assert "<td>bob</td><td>asked</td><td>bob</td><td>Company: ACME; I agree: yes" in page
    assert (
        "<td>ann</td><td>rejected</td><td>bob</td><td>was: pending; reason: Too late</td>" in page
    )


def test_many_requests_come_in_pages(hub, dataset, ann):
    repo = dataset()
    with hub.database.write() as db:
        for place in range(101):
            row = db.execute(
                "INSERT INTO users (name, fullname, email, created) VALUES (?, '', '', 0)",
                (f"user{place:03}",),
            )
            db.execute(
                "INSERT INTO requests (repo, user, status, fields, asked)"
                " VALUES (?, ?, 'pending', '{}', 1)",
                (repo.id, row.lastrowid),
            )
    page = ann.get(REQUESTS).text
    assert "user099" in page
    assert "user100" not in page
    assert "pending (101)" in page
    more = page.partition("after=")[2].partition('"')[0]
    later = ann.get(f"{REQUESTS}?status=pending&after={more}").text
    assert "user100" in later
    assert "user099" not in later
    assert "after=" not in later


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "accepted", "request": "999"}, 404),
        ({"status": "accepted", "request": "x"}, 404),
        ({"status": "accepted", "request": "9" * 40}, 404),
        ({"status": "accepted"}, 404),
        ({"status": "banned"}, 400),
        ({}, 400),
        ({"status": "revoked"}, 404),
        ({"status": "rejected", "request": "1", "reason": "x" * 201}, 400),
        ({"status": "pending", "request": "1"}, 404),
    ],
)
def test_an_answer_that_cannot_be_given_changes_nothing(hub, dataset, ann, bob, fields, status):
    dataset()
    ask(bob)
    before = found(hub)
    assert before.id == 1
    assert ann.send(REQUESTS, **fields).status_code == status
    assert found(hub) == before


def test_a_request_of_another_dataset_is_none_of_this_one(hub, dataset, ann, bob, person):
    dataset()
    ask(bob)
    eve = person("eve")
    with hub.database.write() as db:
        mine = repos.create(db, eve.user, "dataset", "hers", False)
        repos.set_gate(db, mine, "manual")
    answered = eve.send(
        "/datasets/eve/hers/settings/requests", request=str(found(hub).id), status="accepted"
    )
    assert answered.status_code == 404
    assert stands(hub, bob) == "pending"


def test_the_columns_of_the_csv_are_in_the_order_of_the_card(hub, dataset, ann, bob):
    first = b"---\nextra_gated_fields:\n  Why: text\n  A firm: text\n---\n"
    dataset(card=first)
    mark = read_form(card.read(first.decode()).data).mark
    ask(bob, form=mark, **{"answer-0": "To read", "answer-1": "None"})
    later = b"---\nextra_gated_fields:\n  Country: country\n  A firm: text\n  Why: text\n---\n"
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "pets")
    commit_files(hub, repo, ann.user, {"README.md": later})
    head, _ = csv.reader(io.StringIO(ann.get(f"{REQUESTS}.csv").text, newline=""))
    assert head[8:] == ["A firm", "Why"]


def test_the_csv_has_all_of_it_and_no_formula(hub, dataset, ann, bob, person):
    dataset()
    ask(bob, **{"answer-0": '=HYPERLINK("http://x")'})
    ask(person("eve"))
    answer(hub, ann, "rejected", "eve", reason="@home, no")
    ann.send(f"{REQUESTS}/grant", user=person("joe").user.name)
    answered = ann.get(f"{REQUESTS}.csv")
    assert answered.headers["content-type"].startswith("text/csv")
    assert answered.headers["content-disposition"] == (
        'attachment; filename="ann-pets-requests.csv"'
    )
    head, *rows = csv.reader(io.StringIO(answered.text, newline=""))
    told = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert head[8:] == list(KEPT)
    assert told["bob"]["Company"] == '\'=HYPERLINK("http://x")'
    assert told["bob"]["I agree"] == "yes"
    assert told["bob"]["e-mail"] == "bob@example.org"
    assert (told["eve"]["status"], told["eve"]["reason"]) == ("rejected", "'@home, no")
    assert (told["joe"]["status"], told["joe"]["e-mail"]) == ("accepted", "")
    assert [row[8:] for row in rows if row[0] == "eve"] == [list(ANSWERS)]
