from __future__ import annotations

import re

import pytest

from pairsmith.hub.core.database import now
from pairsmith.hub.repos import downloads

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def test_the_page_shows_the_card_and_what_there_is_to_know(hub, get, dataset):
    repo = dataset("pets")
    hub.counts.add(repo.id, now() // downloads.DAY)
    downloads.write_counts(hub)
    html = get("/datasets/ann/pets").text
    assert '<h2 id="card-pets">Pets</h2>' in html
    assert 'href="/datasets/ann/pets/blob/main/LICENSE"' in html
    assert 'src="/datasets/ann/pets/resolve/main/img/pet.png"' in html
    assert ">Pets Licence</a>" in html
    assert "<li>dpo</li>" in html
    assert re.search(r"<dt>Files</dt><dd>3</dd>", html)
    assert re.search(r"<dt>Downloads last month</dt><dd>1</dd>", html)
    assert "HF_ENDPOINT=http://testserver" in html
    assert "load_dataset(&#34;ann/pets&#34;, data_dir=&#34;harmless-base&#34;)" in html


def test_the_tabs_of_the_owner_are_the_owners_alone(get, dataset):
    dataset("pets")
    for who in ("nobody", "bob"):
        assert "/datasets/ann/pets/settings" not in get("/datasets/ann/pets", who).text
    assert 'href="/datasets/ann/pets/settings"' in get("/datasets/ann/pets", "ann").text


def test_a_dataset_without_anything_has_a_page(get, dataset):
    dataset("empty", [])
    assert "no card, and no files yet" in get("/datasets/ann/empty").text
    assert "Nothing was committed yet" in get("/datasets/ann/empty/tree/main").text
    get("/datasets/ann/empty/tree/other", status=404)


@pytest.mark.parametrize(
    "card",
    [
        f"# Title\n\n{ATTACK}\n\n[x](javascript:alert(1))",
        f"---\nlicense: '{ATTACK}'\npretty_name: '{ATTACK}'\ntags: ['{ATTACK}']\n---\n",
        f"---\nlicense: other\nlicense_name: '{ATTACK}'\nlicense_link: 'javascript:x'\n---\n",
        "---\nlicense: other\nlicense_name: a\nlicense_link: '\" onclick=\"alert(1)'\n---\n",
        f"---\nconfigs:\n- config_name: '{ATTACK}'\n---\n",
        f"---\n? '{ATTACK}'\n: [\n---\n",
        f"---\na: *{ATTACK}\n---\n{ATTACK}",
    ],
)
def test_no_card_brings_a_script(get, dataset, card):
    dataset("pets", [{"README.md": card.encode(), f"{ATTACK}/x": b"1"}])
    for path in ("", "/tree/main", "/blob/main/README.md", "/commits/main", "/commit/main"):
        html = get("/datasets/ann/pets" + path).text
        inner = re.sub(r'"[^"]*"', '""', html)  # attributes, whose quotes are escaped
        assert not re.search(r"<script|<[^>]*\son\w+\s*=", inner)
        assert not re.search(r"(?:href|src|action)=\"\s*javascript", html)
    get("/")


def test_a_broken_card_is_told_and_its_body_shown(get, dataset):
    dataset("pets", [{"README.md": b"---\nlicense: [mit\ntags: x\n---\n# Still here\n"}])
    html = get("/datasets/ann/pets").text
    assert 'role="alert"' in html
    assert "not YAML" in html
    assert "Still here</h2>" in html


def test_a_huge_card_is_shown_in_part(get, dataset):
    dataset("pets", [{"README.md": b"# Long\n\n" + b"words " * 400_000 + b"the last"}])
    html = get("/datasets/ann/pets").text
    assert "too long for a page" in html
    assert "the last" not in html


def test_a_card_that_is_not_text_is_shown_as_far_as_it_goes(get, dataset):
    dataset("pets", [{"README.md": b"# A \xff\xfe card\n\0\n"}])
    assert "card</h2>" in get("/datasets/ann/pets").text


PATHS = (
    "", "/tree/main", "/tree/main/harmless-base", "/blob/main/README.md", "/blob/main/notes.txt",
    "/commits/main", "/commit/main", "/tree/none", "/blob/main/none", "/commit/none",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_private_dataset_is_as_one_that_is_not_there(get, dataset, path):
    dataset("lair", private=True)
    for who, status in (("nobody", 401), ("bob", 404)):
        there = get(f"/datasets/ann/lair{path}", who, status)
        absent = get(f"/datasets/ann/void{path}", who, status)
        assert there.text.replace("lair", "void") == absent.text
        assert "Pets" not in there.text


@pytest.mark.parametrize("who", ["nobody", "bob"])
def test_behind_a_gate_card_and_lists_are_shown_and_no_content(get, dataset, who):
    dataset("gated", gate="manual")
    assert "Pets</h2>" in get("/datasets/ann/gated", who).text
    assert "Pets</h2>" in get("/datasets/ann/gated/blob/main/README.md", who).text
    assert "notes.txt" in get("/datasets/ann/gated/tree/main", who).text
    for path in (
        *PATHS[:5],
        "/commits/main",
        "/commit/main",
        "/blob/main/harmless-base/train.parquet",
    ):
        assert "the words of the data" not in get("/datasets/ann/gated" + path, who).text
    assert "not shown" in get("/datasets/ann/gated/blob/main/notes.txt", who).text
    assert "the words of the data" in get("/datasets/ann/gated/blob/main/notes.txt", "ann").text
