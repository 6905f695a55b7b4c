from __future__ import annotations

import html as entities
import re

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.repos import events, history, repos
from pairsmith.hub.web import files as pages

PETS = "/datasets/ann/pets"


def links(html: str) -> list[str]:
    return [entities.unescape(link) for link in re.findall(r'href="([^"]+)"', html)]


def rows(html: str) -> list[str]:
    return re.findall(r'<a class="(?:folder|file)" href="[^"]+">([^<]+)</a>', html)


def test_a_folder_is_listed_its_folders_first(get, dataset):
    contents = {
        "z/deep/er.txt": b"1", "z/a": b"22", "a-b": b"1", "a/x": b"1", "a.txt": b"1", "B": b"1",
    }  # fmt: skip
    dataset("pets", [contents])
    assert rows(get(PETS + "/tree/main").text) == ["a/", "z/", "B", "a-b", "a.txt"]
    html = get(PETS + "/tree/main/z").text
    assert rows(html) == ["deep/", "a"]
    assert "2 B" in html
    assert rows(get(PETS + "/tree/main/z/").text) == ["deep/", "a"]
    assert rows(get(PETS + "/tree/main/z/deep").text) == ["er.txt"]
    get(PETS + "/tree/main/nothing", status=404)
    get(PETS + "/tree/main/z/%2e%2e/a", status=400)


def test_a_long_folder_comes_in_pages(get, dataset):
    dataset("pets", [{f"f{number:04}": b"x" for number in range(501)}])
    first = get(PETS + "/tree/main").text
    assert len(rows(first)) == 500
    (following,) = [link for link in links(first) if link.startswith("?p=1")]
    second = get(PETS + "/tree/main" + following).text
    assert rows(second) == ["f0500"]
    assert "?" in links(second)


def test_files_in_a_folder_are_counted_as_far_as_there_are_few(get, dataset, monkeypatch):
    contents = {f"{folder}/{number}": b"same" for folder in "abc" for number in range(4)}
    dataset("pets", [contents])
    monkeypatch.setattr(pages, "COUNTED", 6)
    html = get(PETS + "/tree/main").text
    assert html.count("4 files") == 1
    assert html.count("many files") == 2
    assert html.count("4 B") == 1  # one content, however many paths it has


@pytest.mark.parametrize("name", ["a b", "a#b?c=d", "50%", "ü/ö", '<b>"x"\'&amp;', "a%2Fb"])
def test_links_lead_where_they_say_whatever_a_file_is_called(get, client, dataset, name):
    dataset("pets", [{name: b"found it"}])
    page = get(PETS + "/tree/main").text
    assert "<b>" not in page
    while "/" in name and not any("/blob/" in link for link in links(page)):
        inner = next(link for link in links(page) if re.search(r"/tree/main/.", link))
        page = get(inner).text
    blob = next(link for link in links(page) if "/blob/" in link)
    download = next(link for link in links(page) if "/resolve/" in link)
    assert "found it" in get(blob).text
    assert download in links(get(blob).text)
    assert client.get(download).content == b"found it"


def test_a_branch_with_a_slash_and_a_tag_are_in_the_menu(hub, get, dataset, people):
    repo = dataset("pets", [{"a": b"1"}])
    with hub.database.write() as db:
        at = history.find(db, repo, "main")
        history.add_ref(db, repo, "branch", "feat/x", at)
        history.add_ref(db, repo, "tag", "v1.0", at)
    for revision in ("main", "feat%2Fx", "v1.0", at.id, at.id[:8]):
        html = get(f"{PETS}/tree/{revision}").text
        assert f"{PETS}/tree/feat%2Fx" in links(html)
        assert f"{PETS}/tree/v1.0" in links(html)
        assert f"{PETS}/blob/{revision}/a" in links(html)
        assert "1" in get(f"{PETS}/blob/{revision}/a").text


def test_a_text_is_shown_escaped(get, dataset):
    dataset("pets", [{"a.html": b"<script>alert('x')</script>"}])
    html = get(PETS + "/blob/main/a.html").text
    assert "<script>" not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html
    assert re.search(r"<dt>SHA-256</dt><dd><code>[0-9a-f]{64}</code>", html)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"x" * (512 * 1024 + 1), "too large"),
        (b"\x00\x01", "not text"),
        (b"\xff\xfe", "not text"),
        (b"", "is empty"),
    ],
)
def test_what_is_not_shown_is_said(get, dataset, data, said):
    dataset("pets", [{"a": data}])
    assert said in get(PETS + "/blob/main/a").text


def test_a_text_of_the_largest_size_is_shown(get, dataset):
    dataset("pets", [{"a": b"y" * (512 * 1024)}])
    assert "y" * (512 * 1024) in get(PETS + "/blob/main/a").text


def test_a_picture_is_shown_and_parquet_leads_to_the_viewer(get, dataset):
    dataset("pets", [{"a.png": b"\x89PNG", "b.parquet": b"PAR1"}])
    assert f'<img src="{PETS}/resolve/main/a.png"' in get(PETS + "/blob/main/a.png").text
    assert f"{PETS}/viewer" in links(get(PETS + "/blob/main/b.parquet").text)


def test_a_card_of_an_old_revision_is_rendered_with_the_files_of_it(get, dataset):
    dataset("pets", [{"README.md": b"![p](p.png)"}, {"README.md": b"no more"}])
    old = re.findall(rf"{PETS}/commit/([0-9a-f]{{40}})", get(PETS + "/commits/main").text)[1]
    assert f'src="{PETS}/resolve/{old}/p.png"' in get(f"{PETS}/blob/{old}/README.md").text


def test_looking_at_a_gated_file_is_put_on_record(hub, get, dataset, people):
    repo = dataset("pets", gate="auto")
    get(PETS + "/blob/main/notes.txt", "bob")
    get(PETS + "/blob/main/README.md", "bob")
    get(PETS + "/tree/main", "bob")
    with hub.database.read() as db:
        assert events.recent(db, repo) == []
    with hub.database.write() as db:
        bob = users.named(db, "bob")
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked) VALUES (?, ?, 'accepted',"
            " '{}', 0)",
            (repo.id, bob.id),
        )
    assert "the words of the data" in get(PETS + "/blob/main/notes.txt", "bob").text
    with hub.database.read() as db:
        (event,) = events.recent(db, repos.find(db, "dataset", "ann", "pets"))
    assert (event.actor, event.action) == ("bob", "viewed")
    assert event.detail["path"] == "notes.txt"
