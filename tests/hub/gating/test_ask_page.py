"""The form of a gate: who asks, what is taken, and what one is told of how one stands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from pairsmith.hub.auth.authentication import Caller
from pairsmith.hub.auth.limits import Limits
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.http.processes import Workers
from pairsmith.hub.repos import readme, repos
from pairsmith.hub.web.gate import gate_view
from support.hub.gated import (
    ASK,
    GIVEN,
    KEPT,
    MARK,
    PAGE,
    REQUESTS,
    answer,
    ask,
    found,
    stands,
)


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
    assert "ann, who owns this dataset, and its admins are told your name (bob, Bob)," in words
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
        repos.set_gate(db, repos.create(db, ann.user, "dataset", "pets", False), "auto")
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
        assert gate_view(db, hub, repo, Caller(bob.user)).reason == "Not <us>"


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
        repos.set_gate(db, repos.find(db, "dataset", "ann", "pets"), "off")
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
        assert len(requests.list_all(db, repos.find(db, "dataset", "ann", "pets"))) == 1


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


def test_a_form_that_is_too_large_is_not_taken(hub, dataset, bob):
    dataset()
    assert ask(bob, **{"answer-0": "x" * 70_000}).status_code == 413
    assert ask(bob, **{f"more{place}": "x" for place in range(60)}).status_code == 413
    assert found(hub) is None


def test_one_who_asked_nothing_is_told_so(bob):
    assert "You have not asked" in bob.get("/settings/access").text


def test_requests_are_made_so_often(hub, dataset, bob, ann):
    bob.browser.client.app.state.limits = Limits(requests="2 per hour")
    statuses = []
    for name in ("pets", "cats", "dogs"):
        dataset("manual", name=name)
        page = f"/datasets/ann/{name}"
        sent = {**GIVEN, "form": MARK, "csrf": bob.browser.proof(page)}
        statuses.append(bob.browser.client.post(f"{page}/ask-access", data=sent).status_code)
    assert statuses == [303, 303, 429]


def test_a_prompt_that_takes_too_much_work_is_shown_as_it_was_written(dataset, bob):
    text = "".join(f"<b a={number}>" for number in range(900)) + "<p>x" * 900
    dataset(card=f"---\nextra_gated_prompt: '{text}'\n---\n".encode())
    html = bob.browser.get("/datasets/ann/pets").text
    assert "takes too much work to be rendered" in html
    assert "&lt;b a=899&gt;" in html


def test_nobody_is_let_in_by_a_card_that_could_not_be_read_yet(hub, dataset, bob, monkeypatch):
    """The form is in the card: one that is not known asks nothing."""
    dataset("auto")
    with hub.database.write() as db:
        db.execute("DELETE FROM cards")
    busy = Workers(1, wait=0.01)
    monkeypatch.setattr(readme, "PAGES", busy)
    with busy._turn():
        sent = bob.browser.send(f"{PAGE}/ask-access", "/datasets", form=read_form({}).mark)
    assert sent.status_code == 503
    assert stands(hub, bob) == "stranger"
