"""What a dataset's page leads with: rows for who may read them, else the owner's example."""

from __future__ import annotations

import pytest

from pairsmith.hub.repos import events, repos
from pairsmith.hub.web import leading
from support.hub.parquets import parquet

PETS = "/datasets/ann/pets"
WORDS = ("the first prompt", "the chosen reply", "the rejected reply")
ROWS = parquet({"prompt": [WORDS[0]] * 5, "chosen": [WORDS[1]] * 5, "rejected": [WORDS[2]] * 5})
CARD = """---
configs:
- {config_name: tea, data_files: "tea/*.parquet"}
%s
---
# Pets

Prose.
"""
EXAMPLE = "example: {prompt: Which tea?, chosen: Rooibos., rejected: Any <b>tea</b>.}"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A machine that has other things to do takes longer than a page should wait."""
    monkeypatch.setattr(leading, "SECONDS", 60.0)


@pytest.fixture
def pets(dataset):
    def make(gate="off", example="", name="pets", rows=ROWS):
        files = {"README.md": (CARD % example).encode(), "tea/train-0.parquet": rows}
        return dataset(name, [files], gate=gate)

    return make


def read_on_record(hub):
    with hub.database.read() as db:
        found = events.recent(db, repos.find(db, "dataset", "ann", "pets"), 100)
    return [(event.user, event.detail["path"]) for event in found if event.action == "viewed"]


def test_the_page_of_an_open_dataset_begins_with_its_rows(get, pets):
    pets()
    html = get(PETS).text
    main = html.index('<section class="leading"')
    assert html.count(WORDS[0]) == 3
    assert main < html.index(WORDS[0]) < html.index("Chosen") < html.index("Prose.")
    assert "tea, train" in html
    assert f'href="{PETS}/viewer"' in html


def test_of_a_gated_one_the_rows_are_for_readers_and_on_record(get, hub, pets):
    pets("manual", EXAMPLE)
    for who in ("nobody", "bob"):
        html = get(PETS, who).text
        assert not [word for word in WORDS if word in html]
        example = html.split('<section class="leading"')[1].split("</section>\n<p")[0]
        assert "Which tea?" in example
        assert "Rooibos." in example.replace("<mark>", "").replace("<ins>", "").replace(
            "</ins>", ""
        )
        assert "&lt;b&gt;" in example
        assert "<b>tea" not in example
    assert read_on_record(hub) == []
    html = get(PETS, "ann").text
    assert WORDS[0] in html
    assert "Which tea?" not in html.split("Prose.")[0]
    assert read_on_record(hub) == [("ann", "tea/train")]


@pytest.mark.parametrize(
    "example",
    [
        "example: 3", "example: [1, {chosen: a}]", "example: {chosen: [1], rejected: [2]}",
        "example: {chosen: {a: 1}, rejected: b}", "example: []",
    ],
)  # fmt: skip
def test_what_is_no_example_is_none(get, pets, example):
    pets("manual", example)
    html = get(PETS).text
    assert "leading" not in html
    assert "Prose." in html


def test_an_example_may_be_of_messages(get, pets):
    turn = "[{role: user, content: Hello}, {role: assistant, content: %s}]"
    pets("manual", f"example:\n- chosen: {turn % 'Good day'}\n  rejected: {turn % 'Go'}\n" * 1)
    html = get(PETS).text.split('<section class="leading"')[1]
    assert html.index("Hello") < html.index("Good") < html.index("Prose.")


def test_rows_that_cannot_be_shown_leave_the_page_whole(get, pets):
    pets(rows=b"PAR1 no parquet at all")
    html = get(PETS).text
    assert "leading" not in html
    assert "Prose." in html


def test_the_owner_of_a_gated_one_is_told_of_the_example(get, pets):
    pets("manual")
    assert "example:" in get(PETS, "ann").text
    assert "example:" not in get(PETS, "bob").text
