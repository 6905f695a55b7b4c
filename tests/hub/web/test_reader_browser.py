"""A reader's day in a real browser without scripts: search, filter, look, ask, be told, load."""

from __future__ import annotations

import hashlib
import json

import pytest

from pairsmith.hub.repos import repos
from support.chromium import launched
from support.hub.browsing import Person, Programs, Watch
from support.hub.parquets import parquet
from support.hub.stock import commit_files
from support.hub.written import GIF, json_lines
from support.slow import slow

CARD = """---
license: cc-by-4.0
language: en
tags: [tea]
configs:
- config_name: pairs
  data_files: rows/*.jsonl
- config_name: leaves
  data_files: leaves/*
---
# Cups of tea
Which of two answers about tea is better.
"""
ROWS = [
    {
        "id": f"tea/{n}",
        "prompt": f"How long does tea number {n} steep?",
        "chosen": f"For {n % 7 + 1} minutes, and not in boiling water.",
        "rejected": "No idea." if n % 2 else "For long.",
        "minutes": n % 7 + 1,
        "notes": ["tools"] if n % 10 == 3 else [],
    }
    for n in range(60)
]
SAID = parquet({"id": [f"tea/{n}" for n in range(60)], "score": [n / 60 for n in range(60)]})
LISTED = {"files": [{"path": "part-0.parquet", "sha256": hashlib.sha256(SAID).hexdigest()}]}
PAGE = "/datasets/ann/teas"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser():
    with launched("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1") as opened:
        yield opened


@pytest.fixture
def teas(hub, account):
    """A gated dataset of ann's in JSON lines, with an annotation and a picture; and another."""
    user, _ = account("ann")
    with hub.database.write() as db:
        repo, other = (
            repos.create(db, user, "dataset", name, private=False) for name in ("teas", "stones")
        )
        repos.set_gate(db, repo, "manual")
    contents = {
        "README.md": CARD.encode(),
        "rows/train.jsonl": json_lines(ROWS),
        "leaves/oak.gif": GIF,
        "annotations/judge/manifest.json": json.dumps(LISTED).encode(),
        "annotations/judge/part-0.parquet": SAID,
    }
    commit_files(hub, repo, user, contents)
    commit_files(hub, other, user, {"README.md": b"---\nlicense: mit\n---\n# Stones\n"})
    return repo


@pytest.fixture
def watch(served):
    """The hub is served; afterwards nothing may have been complained of, or asked of others."""
    made = Watch(served)
    yield made
    assert (made.said, made.elsewhere) == ([], [])


def fits(one: Person) -> None:
    """No page is wider than the window."""
    assert one.page.evaluate(WIDE) <= 0, one.page.url


def places(one: Person) -> list[str]:
    """The rows of the page, in their order."""
    shown = one.page.locator("[id^='row-']").all()
    return [row.get_attribute("id").removeprefix("row-") for row in shown]


def finds(bob: Person) -> None:
    """Searches and filters the list of datasets."""
    bob.go("/datasets")
    bob.page.get_by_label("Search names and cards").fill("tea")
    bob.press("Search")
    bob.page.get_by_role("link", name="ann/teas").first.wait_for()
    assert bob.page.get_by_role("link", name="ann/stones").count() == 0
    bob.go("/datasets?license=cc-by-4.0")
    fits(bob)
    bob.page.get_by_role("link", name="ann/teas").first.click()


def looks(bob: Person) -> None:
    """Sorts, filters and opens rows, and reads what the columns hold; by keys where that is so."""
    assert bob.go(f"{PAGE}/viewer") == 200
    assert "60 rows." in bob.said("Row 1")
    fits(bob)
    bob.page.get_by_text("Sort and filter").focus()
    bob.page.keyboard.press("Enter")
    bob.choose("Sort by", "minutes")
    bob.choose("Direction", "down")
    bob.choose("Note", "tools")
    bob.press("Show")
    bob.said("6 of 60 rows have this note")
    assert places(bob) == ["14", "34", "54", "4", "24", "44"]
    fits(bob)
    bob.go(f"{PAGE}/viewer")
    bob.choose("Annotation", "judge")
    bob.press("Show")
    bob.fill({"Score from": "0.9", "Score up to": "0.95"})
    bob.press("Show")
    bob.said("of 60 rows have this score")
    assert places(bob) == ["55", "56", "57", "58"]
    bob.page.get_by_role("link", name="Row 56", exact=True).click()
    bob.said("Row 56 of 60: tea/55.")
    assert "id=tea%2F55" in bob.page.url
    bob.go(f"{PAGE}/viewer")
    bob.follow("What the columns hold")
    assert "least 1, median 4" in bob.said("Of all 60 rows.")
    assert bob.page.locator("svg rect").count() > 10
    fits(bob)
    bob.go(f"{PAGE}/viewer?config=leaves")
    picture = bob.page.get_by_role("img", name="leaves/oak.gif")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("it => it.decode().then(() => it.naturalWidth)") == 1
    fits(bob)


def talks(bob: Person) -> None:
    """Begins a discussion of a row, which the row then shows, and which leads back to it."""
    bob.go(f"{PAGE}/viewer?id=tea/7")
    bob.page.get_by_role("link", name="Discuss this row").first.click()
    bob.fill({"Title": "Is that long enough", "Text": "For a green one it is long."})
    bob.press("Begin the discussion")
    bob.said("Is that long enough")
    fits(bob)
    bob.page.get_by_role("link", name="tea/7").first.click()
    bob.said("Row 8 of 60: tea/7.")
    assert "Is that long enough" in bob.page.locator("main").inner_text()


@slow
@pytest.mark.parametrize("width", [390, 1280])
def test_a_readers_day(browser, watch, hub, teas, tmp_path, width):
    bob, programs = Person(browser, watch, "bob", scripts=False), Programs(watch.url, tmp_path)
    bob.page.set_viewport_size({"width": width, "height": 800})
    bob.join()
    token = bob.token()
    finds(bob)
    status, said = programs.load(token, "ann/teas", "pairs")
    assert status != 0
    assert "gated" in said
    assert bob.go(f"{PAGE}/viewer") == 403
    bob.go(PAGE)
    bob.press("Ask for access")
    bob.said("Your request is waiting")
    with hub.database.write() as db:
        db.execute("UPDATE requests SET status = 'accepted' WHERE repo = ?", (teas.id,))
    bob.go("/settings/access")
    assert "accepted" in bob.row("ann/teas").inner_text()
    looks(bob)
    talks(bob)
    status, said = programs.load(token, "ann/teas", "pairs")
    assert (status, said.splitlines()[-1]) == (0, "{'train': 60}")
    bob.context.close()
