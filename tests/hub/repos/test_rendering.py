"""Texts of others on pages: rendered once, apart, and kept; within bounds whatever they are."""

from __future__ import annotations

import os
import time

import pytest

from pairsmith.hub.http.processes import Workers
from pairsmith.hub.maintenance.gc import collect
from pairsmith.hub.repos import markdown, rendering, repos
from pairsmith.hub.repos.rendering import Rendering
from support.hub.stock import put

PAGE = "/datasets/ann/pets"
SLOW = "![" * 131_000
REOPENED = "".join(f"<b a={number}>" for number in range(5_500)) + "<p>x" * 5_500
HIDDEN = "".join(f'<b a={number} c="</b>">' for number in range(2_500)) + "<p>x" * 2_500


def kept(hub) -> list[str]:
    return sorted(path.name for path in hub.rendered.glob("*"))


def test_a_text_is_rendered_once_whatever_page_it_stands_on(hub, monkeypatch):
    first = Rendering(hub)("[a](b.txt)", PAGE, "feat/x")
    monkeypatch.setattr(rendering, "PAGES", None)
    again = Rendering(hub)("[a](b.txt)", "/datasets/bob/own")
    assert f'href="{PAGE}/blob/feat%2Fx/b.txt"' in first
    assert 'href="/datasets/bob/own/blob/main/b.txt"' in again
    assert len(kept(hub)) == 1


def test_a_card_is_not_even_read_where_it_was_rendered(hub, account):
    ann, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "pets", private=False)
    blob = put(hub, repo, b"---\na: b\n---\n[a](b.txt)\n")
    first = Rendering(hub).card(blob, PAGE)
    assert f'href="{PAGE}/blob/main/b.txt"' in first
    hub.blobs.path(blob).unlink()
    assert Rendering(hub).card(blob, PAGE) == first


@pytest.mark.parametrize("damage", [b"---\na: b\n---\nanother\n", None], ids=["damaged", "lost"])
def test_a_card_that_is_lost_is_not_kept_as_empty(hub, account, damage):
    ann, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "pets", private=False)
    blob = put(hub, repo, b"*well*")
    path = hub.blobs.path(blob)
    path.unlink()
    if damage:
        path.write_bytes(damage)
    assert Rendering(hub).card(blob, PAGE) == ""
    path.unlink(missing_ok=True)
    path.write_bytes(b"*well*")
    assert Rendering(hub).card(blob, PAGE) == "<p><em>well</em></p>\n"


def test_what_is_kept_is_made_again_where_it_is_missing(hub):
    first = Rendering(hub)("# a")
    for path in hub.rendered.iterdir():
        path.unlink()
    assert Rendering(hub)("# a") == first


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param(REOPENED, 60, id="counted"),
        pytest.param(HIDDEN, 60, id="memory"),
        pytest.param(SLOW, 0.1, id="time"),  # a quick machine is done with it in 1.5 s
    ],
)
def test_a_text_that_makes_too_much_work_is_shown_as_it_was_written_and_given_up(
    hub, text, seconds, monkeypatch
):
    monkeypatch.setattr(rendering, "SECONDS", seconds)
    monkeypatch.setattr(rendering, "MEMORY", 64 << 20)  # sooner used up than what pages have
    html = Rendering(hub)(text, PAGE)
    assert rendering.GIVEN_UP in html
    assert "<b a=" not in html
    assert len(html) < 10 * rendering.MAX_PLAIN_CHARS
    monkeypatch.setattr(rendering, "SECONDS", 60)
    assert Rendering(hub)("*well*", PAGE) == "<p><em>well</em></p>\n"
    monkeypatch.setattr(rendering, "PAGES", None)  # it is not tried again
    assert Rendering(hub)(text, PAGE) == html


def test_a_text_that_was_given_up_is_tried_again_after_a_while(hub):
    Rendering(hub)("*well*")
    (done,) = hub.rendered.iterdir()
    failed = done.rename(done.with_suffix(".failed"))  # as it is left where a worker was killed
    assert rendering.GIVEN_UP in Rendering(hub)("*well*")
    os.utime(failed, (0, time.time() - rendering.RETRY - 1))
    assert Rendering(hub)("*well*") == "<p><em>well</em></p>\n"


def test_a_page_with_many_texts_has_an_end(hub, monkeypatch):
    """The first takes all the patience there is; none of the others is begun."""
    monkeypatch.setattr(rendering, "PATIENCE", 0.1)
    monkeypatch.setattr(rendering, "SECONDS", 0.1)
    page = Rendering(hub)
    first, *others = [page(f"{SLOW}{number}") for number in range(20)]
    assert rendering.GIVEN_UP in first
    assert all(rendering.LATER in text for text in others)


def test_who_gets_no_worker_reads_the_text_as_it_is_and_nothing_is_kept(hub, monkeypatch):
    busy = Workers(1, wait=0.01)
    monkeypatch.setattr(rendering, "PAGES", busy)
    with busy._turn():
        html = Rendering(hub)("*well* & good")
    assert rendering.LATER in html
    assert "*well* &amp; good" in html
    assert kept(hub) == []


def test_a_disk_without_room_keeps_nothing_and_the_page_is_shown(hub):
    hub.blobs.room.spare = 1 << 60
    assert Rendering(hub)("*well*") == "<p><em>well</em></p>\n"
    assert kept(hub) == []


def test_another_version_of_the_renderer_renders_anew(hub, monkeypatch):
    Rendering(hub)("a")
    monkeypatch.setattr(markdown, "VERSION", markdown.VERSION + 1)
    Rendering(hub)("a")
    assert len(kept(hub)) == 2


def test_what_was_rendered_long_ago_is_collected(hub):
    Rendering(hub)("a")
    Rendering(hub)("b")
    old = next(hub.rendered.iterdir())
    os.utime(old, (0, time.time() - rendering.KEPT - 1))
    collect(hub)
    assert old.name not in kept(hub)
    assert len(kept(hub)) == 1
