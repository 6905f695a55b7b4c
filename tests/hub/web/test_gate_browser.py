"""The hub in a real browser, from a build that is published to a licence that is printed.

With PAIRSMITH_SCREENSHOTS set to a folder, the pictures of docs/how-to/hub.md are made there.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import re
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pyarrow.parquet as pq
import pytest

from support.chromium import launched
from support.hub.browsing import PASSWORD, Person, Programs, Watch
from support.hub.furnished import ANSWERS, RESEARCH, furnish, gated_card
from support.hub.stripe_events import charge, session, signed_event
from support.slow import slow

SECRET = "whsec_of_the_tests"
NAME = "ann/pairs"
PAGE = f"/datasets/{NAME}"
REQUESTS = f"{PAGE}/settings/requests"
SHARD = "train-00000-of-00001.parquet"
ROWS = "{'train': 10, 'test': 3}"  # of harmless-base
COMPLETED = "checkout.session.completed"


@pytest.fixture(scope="module")
def browser():
    # no other host has an address, whatever a page asks for
    with launched("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1") as opened:
        yield opened


@pytest.fixture
def watch(hub, served):
    """The hub is served; afterwards nothing may have been complained of, or asked of others."""
    hub.settings = dataclasses.replace(hub.settings, stripe_secret=SECRET)
    made = Watch(served)
    yield made
    assert (made.said, made.elsewhere) == ([], [])


@pytest.fixture
def person(browser, watch):
    """Gives somebody a browser, with which they join."""
    opened = []

    def come(name: str, scripts: bool = True) -> Person:
        opened.append(Person(browser, watch, name, scripts))
        opened[-1].join()
        return opened[-1]

    yield come
    for one in opened:
        one.context.close()


@pytest.fixture
def programs(watch, tmp_path):
    return Programs(watch.url, tmp_path)


@pytest.fixture
def published(person, programs, sample_messages):
    """Ann publishes the sample behind a manual gate, with a form in its card."""

    def publish(scripts: bool = True) -> Person:
        ann = person("ann", scripts)
        token = ann.token("reading and writing")
        said = programs.publish(token, sample_messages, NAME, "--to", ann.url, "--gated", "manual")
        assert f"{ann.url}{PAGE}" in said
        card = gated_card((sample_messages / "README.md").read_text("utf-8"))
        programs.send(token, NAME, "README.md", card)
        return ann

    return publish


@slow
def test_an_account(person, watch):
    bob = person("bob")
    bob.header("bob").click()
    bob.press("Sign out")
    bob.header("Sign in").wait_for()
    assert bob.go("/settings/tokens") == 200
    assert urlsplit(bob.page.url).path == "/login"
    bob.sign_in("another password")
    bob.said("There is no account of that name with that password.")
    bob.sign_in(PASSWORD)
    bob.header("bob").wait_for()
    token = bob.token()
    assert who_is(watch.url, token) == "bob"
    bob.go("/settings/tokens")
    assert token not in bob.page.content()
    bob.row("for reading").get_by_role("button", name="Revoke").click()
    bob.row("for reading").get_by_role("button", name="Revoke").wait_for(state="detached")
    assert who_is(watch.url, token) is None


@slow
def test_the_gate_without_scripts(published, person, programs, sample_messages):
    ann, bob, cleo = published(scripts=False), person("bob", False), person("cleo", False)
    token = bob.token()
    refused(bob, programs, token)
    for one in (bob, cleo):
        ask(one)
        one.said("Your request is waiting")
        assert one.go(f"{PAGE}/viewer") == 403

    ann.go(REQUESTS)
    told = ann.row("bob").inner_text()
    shared = (
        "Bob Baker",
        "bob@example.org",
        *ANSWERS,
        "A school by the sea",
        "Iceland",
        "Teaching",
    )
    assert [text for text in shared if text not in told] == []
    picture(ann, "hub-requests")
    ann.answer("bob", "Accept")
    ann.said("accepted (1)")
    ann.follow("accepted (1)")
    assert "Bob Baker" in ann.said("Revoke")
    ann.go(REQUESTS)
    ann.answer("cleo", "Reject", "No school is known to us there.")
    ann.said("rejected (1)")
    ann.follow("rejected (1)")
    ann.said("No school is known to us there.")

    cleo.go(PAGE)
    assert "No school is known to us there." in cleo.said("Your request was rejected")
    assert cleo.page.get_by_role("button", name="Ask the owner").count() == 0
    cleo.go("/settings/access")
    assert cleo.row(NAME).inner_text().split("\t")[1] == "rejected"
    assert cleo.go(f"{PAGE}/viewer") == 403

    reads_rows(bob, sample_messages)
    bob.follow("Files and versions")
    bob.follow("harmless-base/")
    data = (sample_messages / "harmless-base" / SHARD).read_bytes()
    assert bob.download(f"Download {SHARD}") == data
    status, said = programs.load(token, NAME, "harmless-base")
    assert (status, said.splitlines()[-1]) == (0, ROWS)

    ann.go(REQUESTS)
    rows = list(csv.DictReader(io.StringIO(ann.download("Download all as CSV").decode())))
    assert [(row["user"], row["status"]) for row in rows] == [
        ("bob", "accepted"),
        ("cleo", "rejected"),
    ]
    assert all(row.items() >= ANSWERS.items() for row in rows)
    ann.go(f"{REQUESTS}?status=accepted")
    ann.answer("bob", "Revoke", "The course is over.")
    ann.said("revoked (1)")
    bob.go(PAGE)
    assert "The course is over." in bob.said("Your access was revoked")
    assert bob.go(f"{PAGE}/viewer") == 403
    assert bob.page.request.get(f"{bob.url}{PAGE}/resolve/main/harmless-base/{SHARD}").status == 403


def ask(one: Person) -> None:
    """Answers the form of the gate, which says who is told what; not before all is answered."""
    one.go(PAGE)
    told = one.said("Ask for the sample")
    assert f"({one.name}, " in told
    assert f"({one.name}@example.org)" in told
    assert one.page.locator("form :invalid").count() == len(ANSWERS)
    one.press("Ask the owner")
    one.fill({label: ANSWERS[label] for label in ("Organisation", "Until when")})
    for label in ("Country", "I want to use it for"):
        one.choose(label, ANSWERS[label])
    one.page.get_by_label("I agree to the terms above").check()
    one.press("Ask the owner")


def refused(one: Person, programs: Programs, token: str) -> None:
    """`load_dataset` does not load it, and says where to ask."""
    status, said = programs.load(token, NAME, "harmless-base")
    assert status != 0
    assert f"{one.url}{PAGE}" in said, said


def reads_rows(one: Person, build: Path) -> None:
    """Goes through the viewer: subsets, splits, a search, pages."""
    rows = pq.read_table(build / "harmless-base" / SHARD).to_pylist()
    assert one.go(f"{PAGE}/viewer") == 200
    picture(one, "hub-viewer")
    one.said("36 rows.")
    one.follow("More →")
    assert "Row 26\n" in one.said("Page 2 of 2")
    choose(one, Subset="harmless-base")
    one.said("10 rows.")
    for number in (1, 10):
        row, shown = rows[number - 1], one.page.locator(f"#row-{number}")
        for side, mark in (("chosen", "ins"), ("rejected", "del")):
            text = shown.locator(f".{side} .text").all_text_contents()
            assert [line.strip() for line in text] == [turn["content"] for turn in row[side]]
            assert shown.locator(f".{side} {mark}").count() > 0
    choose(one, Split="test")
    one.said("3 rows.")
    choose(one, Split="train")
    one.fill({"Search the text": "jury duty"})
    one.press("Show")
    assert "Row 1\n" in one.said("of 10 rows have this text")


def choose(one: Person, **menus: str) -> None:
    for label, value in menus.items():
        one.choose(label, value)
    one.press("Show")


@slow
def test_files_and_versions(hub, person, sample_messages):
    made = furnish(hub, sample_messages)
    fay = person("fay")
    fay.go(PAGE)
    fay.follow("Files and versions")
    fay.follow("History")
    assert fay.page.locator(".commits li").count() == 3
    fay.page.locator(".commits li > a").nth(1).click()
    assert "1 file changed" in fay.said("What changed in the card")
    put_in = fay.page.locator(".diff ins").all_inner_texts()
    assert "+extra_gated_heading: Ask for the sample" in [line.strip() for line in put_in]
    assert fay.page.locator(".diff del").count() == 0
    fay.follow(made.first.id[:8])
    fay.said("19 files changed")
    fay.follow("as of this commit")
    fay.follow("README.md")
    fay.said("pairsmith sample as messages")
    assert fay.page.url.endswith(f"/blob/{made.first.id}/README.md")
    assert fay.page.get_by_role("link", name="Download").count() == 0  # of a file behind a gate
    fay.page.locator(".where summary").click()
    fay.follow("v1")
    assert made.first.id[:8] in fay.said("harmless-base/")


@slow
def test_a_licence_is_bought(published, person, programs, watch):
    ann, bob = published(), person("bob")
    token = bob.token()
    ann.go(f"{PAGE}/settings/licences")
    labels = ("Name", "Price, as it is shown", "Terms, Markdown", "Payment Link", "Its id",
              "Amount, as it is written", "Currency")  # fmt: skip
    name, text, price, *rest = RESEARCH[:7]
    ann.fill(dict(zip(labels, (name, price, text, *rest), strict=True)))
    ann.press("Offer it")
    ann.said("plink_research")

    bob.go(PAGE)
    picture(bob, "hub-dataset")
    with bob.page.expect_request(re.compile("https://buy.stripe.com/")) as sent:
        bob.follow("Buy Research")
        bob.page.get_by_label("I have read these terms").check()
        bob.press("Agree and pay")
    address = urlsplit(sent.value.url)
    assert f"{address.scheme}://{address.netloc}{address.path}" == RESEARCH.url
    assert watch.elsewhere.pop() == sent.value.url
    ((reference,),) = parse_qs(address.query).values()
    assert re.fullmatch(r"[A-Za-z0-9_-]{20,200}", reference)

    paid, late = session(reference), int(time.time()) - 301
    assert post(watch.url, COMPLETED, paid, at=late)[0] == 400
    assert post(watch.url, COMPLETED, paid, instead=b"4901")[0] == 400
    assert "not paid" in post(watch.url, COMPLETED, {**paid, "payment_status": "unpaid"})[1]
    wrong = {**paid, "id": "cs_test_0", "payment_intent": "pi_0", "amount_total": 100}
    assert "turned away" in post(watch.url, COMPLETED, wrong)[1]
    bob.go("/settings/licences")
    told = bob.said("Payments that made no licence")
    assert "USD 1.00 was paid, and the offer is USD 49.00" in told
    refused(bob, programs, token)

    first, again = (post(watch.url, COMPLETED, paid, id="evt_of_bob") for _ in range(2))
    assert first == again
    bob.go("/settings/licences")
    assert bob.page.locator("table.licences tbody tr").count() == 1
    number = bob.page.locator("tbody a").first.inner_text()
    assert number in first[1]
    bob.follow(number)
    told = bob.said("This licence is valid.")
    assert [t for t in ("Bob Baker", "Ann Archer", "49 USD", "Terms") if t not in told] == []
    picture(bob, "hub-licence")
    prints(bob)
    status, said = programs.load(token, NAME, "harmless-base")
    assert (status, said.splitlines()[-1]) == (0, ROWS)
    ann.go(f"{PAGE}/settings/licences")
    assert "USD 1.00 was paid" in ann.said("Payments that made no licence")
    assert "paid at Stripe" in ann.row(number).inner_text()

    assert number in post(watch.url, "charge.refunded", charge("pi_1"))[1]
    bob.page.emulate_media(media="screen")
    bob.go(f"/licences/{number}")
    assert "The payment was refunded." in bob.said("This licence was revoked")
    status, said = programs.fetch(token, NAME, f"harmless-base/{SHARD}")
    assert status != 0
    assert "GatedRepoError" in said
    assert bob.go(f"{PAGE}/viewer") == 403


def prints(one: Person) -> None:
    """The page as it is printed: one sheet, black on white, without what only a screen needs."""
    one.page.emulate_media(media="print", color_scheme="dark")
    assert not one.page.locator("header.top").is_visible()
    assert not one.page.locator("footer.bottom").is_visible()
    style = "getComputedStyle(document.querySelector('.licence'))"
    assert one.page.evaluate(f"[{style}.backgroundColor, {style}.color]") == [
        "rgb(255, 255, 255)",
        "rgb(0, 0, 0)",
    ]
    sheets = one.page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) == 1


def post(url: str, type: str, about: dict, instead: bytes = b"", **how) -> tuple[int, str]:
    """Sends an event, with its amount changed on the way where `instead` says so."""
    body, headers = signed_event(SECRET, type, about, **how)
    body = body.replace(b"4900", instead) if instead else body
    answer = httpx.post(f"{url}/stripe/webhook", content=body, headers=headers, trust_env=False)
    return answer.status_code, answer.text


def who_is(url: str, token: str) -> str | None:
    """Whose token it is."""
    headers = {"Authorization": f"Bearer {token}"}
    said = httpx.get(f"{url}/api/whoami-v2", headers=headers, trust_env=False).json()
    return said.get("name")


def picture(one: Person, name: str) -> None:
    """A picture for the docs, where they are asked for."""
    folder = os.environ.get("PAIRSMITH_SCREENSHOTS")
    if not folder:
        return
    from PIL import Image

    with Image.open(io.BytesIO(one.page.screenshot())) as taken:
        small = taken.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        small.save(Path(folder) / f"{name}.png", optimize=True)
