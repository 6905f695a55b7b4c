"""The gate's pages: the form, the owner's lists and answers, and everybody who is not the owner."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from hub.gating.conftest import ANSWERS, CARD, GIVEN, KEPT
from pairsmith.hub import permissions
from pairsmith.hub.auth import tokens
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.repos import repos
from pairsmith.hub.repos.card import read
from pairsmith.hub.web.gate import shown_gate

PAGE = "/datasets/ann/pets"
ASK = f"{PAGE}/ask-access"
REQUESTS = f"{PAGE}/settings/requests"
MARK = read_form(read(CARD.decode()).data).mark


def stands(hub, who):
    with hub.database.read() as db:
        return str(permissions.standing(db, repos.find(db, "ann", "pets"), who.user))


def found(hub, name="bob"):
    with hub.database.read() as db:
        return requests.find(db, repos.find(db, "ann", "pets"), name)


def ask(who, **changes):
    return who.send(ASK, **{"form": MARK, **GIVEN, **changes})


def answer(hub, ann, status, name="bob", **fields):
    return ann.send(REQUESTS, request=str(found(hub, name).id), status=status, **fields)


@pytest.mark.parametrize(("how", "status"), [("manual", "pending"), ("auto", "accepted")])
def test_who_fills_in_the_form_has_asked(hub, dataset, bob, how, status):
    dataset(how)
    answered = ask(bob)
    assert (answered.status_code, answered.headers["location"]) == (303, PAGE)
    assert stands(hub, bob) == status
    assert found(hub).fields == KEPT


def test_the_form_that_is_shown_is_the_one_that_is_taken(hub, dataset, bob, inputs):
    dataset()
    shown = inputs(ask(bob, form="").text)
    assert shown.kinds == {
        "csrf": "hidden",
        "form": "hidden",
        "answer-0": "text",
        "answer-1": "checkbox",
        "answer-2": "date",
        "answer-3": "select",
        "answer-4": "select",
    }
    assert len(shown.choices["answer-3"]) == 250
    assert shown.choices["answer-4"] == ["", "Research", "other"]
    sent = {**shown.sent[ASK], **GIVEN}
    assert bob.browser.client.post(ASK, data=sent).status_code == 303
    assert found(hub).fields == KEPT


def test_the_form_says_what_is_shared_and_runs_nothing(dataset, bob):
    dataset()
    page = ask(bob, form="").text
    words = " ".join(page.split())
    assert "ann, who owns this dataset, is told your name (bob, Bob), your e-mail address" in words
    assert "(bob@example.org) and your answers." in words
    assert "Be <strong>kind</strong>" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answer-0": " "}, "“Company” has to be answered."),
        ({"answer-0": "x" * 1001}, "“Company” takes at most"),
        ({"answer-1": ""}, "“I agree” has to be ticked."),
        ({"answer-2": "tomorrow"}, "“Born” has to be a date"),
        ({"answer-3": "Atlantis"}, "“Country” has to be one"),
        ({"answer-4": "Something else"}, "“Use” has to be one"),
    ],
)
def test_a_wrong_answer_is_told_and_the_others_are_kept(hub, dataset, bob, inputs, changes, said):
    dataset()
    answered = ask(bob, **changes)
    assert answered.status_code == 400
    assert said in answered.text
    shown = inputs(answered.text).sent[ASK]
    for name, value in GIVEN.items():
        if name not in changes:
            assert shown[name] == value
    assert found(hub) is None


def test_answers_and_labels_are_shown_as_the_text_that_they_are(dataset, bob):
    dataset(card=b"---\nextra_gated_fields:\n  '<b>A</b>': text\n  B: checkbox\n---\n")
    page = bob.send(ASK, form="").text
    mark = page.partition('name="form" value="')[2].partition('"')[0]
    page = bob.send(ASK, form=mark, **{"answer-0": '"><img src=x>'}).text
    assert "<b>A" not in page
    assert "<img" not in page
    assert "&lt;b&gt;A" in page


def test_who_read_another_form_reads_the_new_one_first(hub, dataset, bob):
    dataset()
    answered = ask(bob, form="of yesterday")
    assert answered.status_code == 400
    assert "The form has changed" in answered.text
    assert found(hub) is None


def test_a_malformed_card_is_a_form_for_others_and_a_list_of_faults_for_the_owner(
    hub, dataset, ann, bob
):
    dataset(card=b"---\nextra_gated_fields:\n  Age: number\n---\n")
    page = bob.send(ASK, form="").text
    assert 'name="answer-0"' in page
    assert "of type number" not in page
    for path in (REQUESTS, f"{PAGE}/settings"):
        assert "“Age” is of type number" in ann.get(path).text


@pytest.mark.parametrize("card", [b"---\n{[\n---\n", b"\xff\xfe", b"---\n- a\n---\n", b""])
def test_a_card_that_cannot_be_read_asks_for_no_more_than_the_name(hub, dataset, ann, bob, card):
    dataset(card=card)
    page = bob.send(ASK, form="")
    mark = page.text.partition('name="form" value="')[2].partition('"')[0]
    assert bob.send(ASK, form=mark).status_code == 303
    assert found(hub).fields == {}
    assert ann.get(REQUESTS).status_code == 200


def test_a_dataset_without_a_commit_can_be_asked_for(hub, ann, bob):
    with hub.database.write() as db:
        repos.set_gate(db, repos.create(db, ann.user, "pets", False), "auto")
    assert bob.send(ASK, form=read_form({}).mark).status_code == 303
    assert stands(hub, bob) == "accepted"


def test_who_waits_or_is_in_asks_in_vain(hub, dataset, ann, bob):
    dataset()
    ask(bob)
    before = found(hub)
    assert ask(bob, **{"answer-0": "another"}).status_code == 303
    assert found(hub) == before
    answer(hub, ann, "accepted")
    assert ask(bob).status_code == 303
    assert stands(hub, bob) == "accepted"


def test_who_was_rejected_is_told_why_and_cannot_ask_again(hub, dataset, ann, bob):
    repo = dataset()
    ask(bob)
    answer(hub, ann, "rejected", reason="Not <us>")
    answered = ask(bob)
    assert answered.status_code == 403
    assert "cannot ask again" in answered.text
    assert stands(hub, bob) == "rejected"
    own = bob.get("/settings/access").text
    assert "Not &lt;us&gt;" in own
    assert f'href="{repo.page}"' in own
    with hub.database.read() as db:
        assert shown_gate(db, hub, repo, permissions.Caller(bob.user)).reason == "Not <us>"


def test_the_dataset_says_how_one_stands(hub, dataset, ann, bob, visitor, inputs):
    dataset()
    nobody = visitor().get(PAGE).text
    assert f'href="/login?next={PAGE}"' in nobody
    assert f'href="/join?next={PAGE}"' in nobody
    assert ASK not in inputs(nobody).sent
    shown = inputs(bob.get(PAGE).text).sent[ASK]
    assert bob.browser.client.post(ASK, data={**shown, **GIVEN}).status_code == 303
    assert "Your request is waiting" in bob.get(PAGE).text
    answer(hub, ann, "rejected", reason="Too <late>")
    assert "gave this reason: Too &lt;late&gt;" in bob.get(PAGE).text
    answer(hub, ann, "accepted")
    assert "you have access" in bob.get(PAGE).text
    answer(hub, ann, "revoked")
    assert "Your access was revoked" in bob.get(PAGE).text
    assert ASK not in inputs(bob.get(PAGE).text).sent
    assert "What others are asked" in ann.get(PAGE).text
    with hub.database.write() as db:
        repos.set_gate(db, repos.find(db, "ann", "pets"), "off")
    for page in (ann.get(PAGE).text, bob.get(PAGE).text, visitor().get(PAGE).text):
        assert 'class="gate"' not in page


def test_asking_in_parallel_makes_one_request(hub, dataset, bob):
    dataset()
    proof = bob.browser.proof("/settings/profile")
    data = {"csrf": proof, "form": MARK, **GIVEN}
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: bob.browser.client.post(ASK, data=data), range(6)))
    assert {answered.status_code for answered in codes} == {303}
    with hub.database.read() as db:
        assert len(requests.every(db, repos.find(db, "ann", "pets"))) == 1


def test_nobody_is_sent_to_sign_in_and_back(dataset, visitor):
    dataset()
    client = visitor()
    proof = client.get("/login").text.partition('name="csrf" value="')[2].partition('"')[0]
    answered = client.post(ASK, data={"csrf": proof, "form": MARK, **GIVEN})
    wanted = "/login?" + urlencode({"next": PAGE})
    assert (answered.status_code, answered.headers["location"]) == (303, wanted)
    for path in (REQUESTS, f"{REQUESTS}.csv", f"{PAGE}/settings", "/settings/access"):
        answered = client.get(path)
        assert answered.status_code == 303
        assert answered.headers["location"].startswith("/login?next=")


def test_there_is_nothing_to_ask_where_it_is_open_or_ones_own(dataset, ann, bob):
    dataset("off")
    assert ask(bob).status_code == 400
    assert ask(ann).status_code == 400


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
        mine = repos.create(db, eve.user, "hers", False)
        repos.set_gate(db, mine, "manual")
    answered = eve.send(
        "/datasets/eve/hers/settings/requests", request=str(found(hub).id), status="accepted"
    )
    assert answered.status_code == 404
    assert stands(hub, bob) == "pending"


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


GETS = [REQUESTS, f"{REQUESTS}.csv", f"{PAGE}/settings"]
POSTS = [
    (REQUESTS, {"request": "1", "status": "accepted"}),
    (f"{REQUESTS}/grant", {"user": "bob"}),
    (f"{PAGE}/settings/gate", {"gate": "off"}),
    (f"{PAGE}/settings/visibility", {"visibility": "private"}),
    (f"{PAGE}/settings/delete", {"confirm": "ann/pets"}),
]


@pytest.mark.parametrize("private", [False, True])
def test_nobody_but_the_owner_comes_in(hub, dataset, ann, bob, person, private):
    repo = dataset()
    ask(bob)
    with hub.database.write() as db:
        repos.set_private(db, repo, private)
        before = repos.find(db, "ann", "pets")
    eve = person("eve")
    code = 404 if private else 403
    for who in (bob, eve):
        answers = [who.get(path) for path in GETS]
        answers += [who.send(path, **fields) for path, fields in POSTS]
        assert {answered.status_code for answered in answers} == {code}
        if private:
            absent = who.get("/datasets/ann/absent/settings").text
            assert {answered.text for answered in answers} == {absent}
            assert "pets" not in who.get("/settings/access").text
    if private:
        assert ask(eve).status_code == 404
        assert ask(eve).text == eve.send("/datasets/ann/absent/ask-access").text
    with hub.database.read() as db:
        assert repos.find(db, "ann", "pets") == before
    assert found(hub).status == "pending"


def test_a_token_that_only_reads_changes_nothing(hub, dataset, ann, bob, visitor):
    dataset()
    ask(bob)
    with hub.database.write() as db:
        reads = {"Authorization": "Bearer " + tokens.add(db, ann.user, "reads", "read")}
    client = visitor()
    proof = client.get("/login").text.partition('name="csrf" value="')[2].partition('"')[0]
    for path, fields in POSTS:
        answered = client.post(path, data={"csrf": proof, **fields}, headers=reads)
        assert answered.status_code == 403, path
    assert found(hub).status == "pending"


@pytest.mark.parametrize(("path", "fields"), [*POSTS, (ASK, {"form": MARK, **GIVEN})])
def test_no_form_is_taken_that_is_not_of_the_hub(hub, dataset, ann, bob, path, fields):
    dataset()
    ask(bob)
    before = found(hub)
    who = bob if path == ASK else ann
    with hub.database.write() as db:
        if path == ASK:
            db.execute("DELETE FROM requests")
            before = None
        repo = repos.find(db, "ann", "pets")
    client = who.browser.client
    other = (bob if who is ann else ann).browser.proof("/settings/profile")
    who.browser.proof("/settings/profile")
    for proof in ({}, {"csrf": ""}, {"csrf": "forged"}, {"csrf": other}):
        assert client.post(path, data={**fields, **proof}).status_code == 403
    with hub.database.read() as db:
        assert repos.find(db, "ann", "pets") == repo
    assert found(hub) == before


def test_a_form_that_is_too_large_is_not_taken(hub, dataset, bob):
    dataset()
    assert ask(bob, **{"answer-0": "x" * 70_000}).status_code == 400
    assert ask(bob, **{f"more{place}": "x" for place in range(60)}).status_code == 400
    assert found(hub) is None


def test_one_who_asked_nothing_is_told_so(bob):
    assert "You have not asked" in bob.get("/settings/access").text
