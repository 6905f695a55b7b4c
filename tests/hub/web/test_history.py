from __future__ import annotations

import html as entities
import re

import pytest

from pairsmith.hub.repos import commits, diff, history
from pairsmith.hub.repos.commits import Delete, Message
from pairsmith.hub.repos.text_diff import LINES, difference
from pairsmith.hub.web import history as history_pages
from support.hub.stock import commit_files

PETS = "/datasets/ann/pets"


def test_the_history_is_told_newest_first(hub, get, dataset, people):
    repo = dataset("pets", [{"a": b"1"}, {"a": b"2"}])
    with hub.database.write() as db:
        title = "<script>alert(1)</script>"
        commits.commit(db, repo, "main", people["account"], Message(title, title), [Delete("a")])
    html = get(PETS + "/commits/main").text
    assert len(re.findall(r'<li>\s*<a href="[^"]+/commit/[0-9a-f]{40}"', html)) == 3
    assert html.index("&lt;script&gt;alert(1)") < html.index("A commit")
    assert "<script" not in html
    assert "<script" not in get(PETS + "/commit/main").text
    get(PETS + "/commits/nothing", status=404)


def test_a_long_history_comes_in_pages(hub, get, dataset, people):
    repo = dataset("pets", [])
    with hub.database.write() as db:
        for number in range(51):
            commits.commit(db, repo, "main", people["account"], Message(f"Step {number}."), [])
    first, second = get(PETS + "/commits/main").text, get(PETS + "/commits/main?p=1").text
    assert "Step 50." in first
    assert "Step 1." in first
    assert "Step 0." not in first
    assert "Step 0." in second
    assert 'rel="next"' not in second


def test_a_commit_tells_what_it_changed(get, dataset):
    dataset("pets", [{"a": b"1", "b": b"2", "same": b"s"}, {"a": b"11", "new": b"n", "same": b"s"}])
    html = get(PETS + "/commit/main").text
    told = re.findall(
        r'class="badge (added|changed|removed)">\w+</span></td>\s*<td><a[^>]*>([^<]+)', html
    )
    assert told == [("changed", "a"), ("added", "new")]
    assert "2 files changed" in html


def test_changes_are_those_beside_the_parent_on_every_branch(hub, dataset, people):
    ann = people["account"]
    repo = dataset("pets", [{"a": b"1", "d/b": b"2", "d/c": b"3"}])
    with hub.database.write() as db:
        first = history.find(db, repo, "main")
        history.add_ref(db, repo, "branch", "old", first)
    commit_files(hub, repo, ann, {"a": b"main"})
    with hub.database.write() as db:
        forked = commits.commit(db, repo, "old", ann, Message("x"), [Delete("d", folder=True)])
    again = commit_files(hub, repo, ann, {"a": b"old"}, "old")
    with hub.database.read() as db:
        told = {
            name: [(change.kind, change.path, change.size) for change in diff.changes_of(db, one)]
            for name, one in (("first", first), ("forked", forked), ("again", again))
        }
    assert told == {
        "first": [("added", "a", 1), ("added", "d/b", 1), ("added", "d/c", 1)],
        "forked": [("removed", "d/b", 1), ("removed", "d/c", 1)],
        "again": [("changed", "a", 3)],
    }


def test_the_card_is_compared_line_by_line_and_nothing_else_is(get, dataset):
    dataset(
        "pets",
        [
            {"README.md": b"# Pets\n\nold <b>line</b>\nsame\n", "data.txt": b"old words"},
            {"README.md": b"# Pets\n\nnew <i>line</i>\nsame\n", "data.txt": b"new words"},
        ],
    )
    html = get(PETS + "/commit/main").text
    assert "<del>-old &lt;b&gt;line&lt;/b&gt;</del>" in html
    assert "<ins>+new &lt;i&gt;line&lt;/i&gt;</ins>" in html
    assert "<span> same</span>" in html
    assert "words" not in html


def test_a_card_that_came_or_went_is_compared_with_nothing(hub, get, dataset, people):
    repo = dataset("pets", [{"README.md": b"one\ntwo\n"}])
    assert get(PETS + "/commit/main").text.count("<ins>") == 2
    with hub.database.write() as db:
        commits.commit(db, repo, "main", people["account"], Message("x"), [Delete("README.md")])
    assert get(PETS + "/commit/main").text.count("<del>") == 2


def test_a_commit_that_leaves_the_card_alone_says_nothing_of_it(get, dataset):
    dataset("pets", [{"README.md": b"one"}, {"a": b"1"}])
    assert "changed in the card" not in get(PETS + "/commit/main").text


def test_a_difference_can_be_applied():
    old = ["a", "b", "-- c", "++ d", "@ e", ""]
    new = ["a", "++ d", "-- b", "@ e", "@@ f"]
    lines = difference("\n".join(old), "\n".join(new)).lines
    assert [line.text for line in lines if line.kind in ("same", "ins")] == new
    assert [line.text for line in lines if line.kind in ("same", "del")] == old[:-1]


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\n" * LINES, "a\n"), ("a\n" * (LINES // 2), "b\n" * (LINES // 2 + 1))],
)
def test_cards_that_are_too_long_are_not_compared(old, new):
    found = difference(old, new)
    assert found.lines == []
    assert "longer" in found.fault


def test_cards_made_to_take_long_to_compare_are_not_compared(get, dataset, monkeypatch):
    """Few enough lines for all to count, each of which is everywhere in the other: about 1 s."""
    monkeypatch.setattr(
        history_pages, "SECONDS", 0.01
    )  # a quick machine compares them within the second
    dataset("pets", [{"README.md": b"a\nb\n" * 2_000}, {"README.md": b"a\n" * 99 + b"b\n" * 99}])
    assert "too much work to find out" in get(PETS + "/commit/main").text


def test_long_lines_are_cut(get, dataset):
    dataset("pets", [{"README.md": b"x" * 100_000}])
    html = entities.unescape(get(PETS + "/commit/main").text)
    assert "x" * 2_000 in html
    assert "x" * 2_001 not in html
