"""The keys of a dataset: whatever its form, its template and its system text, they are the same."""

import json
import random

import pytest

import pairsmith
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset
from support.slow import quick
from support.transcripts import FRAGMENTS

OTHERS = [
    {"template": "llama2"},
    {"template": "llama2", "system": "Be kind.\n"},
    {"template": "qwen3"},
    {"template": "qwen3", "system": "Be kind."},
    {"template": "vicuna"},
    {"system": "Be kind."},
]
QUIET = {"identical": "keep", "empty_reply": "keep", "bad_roles": "merge"}
COMMON = ["a", "hello there", "é", "日本", "?", " ", "\n", "Human:", "user\n", "</s", "[INST"]


def tables(out):
    """By id, what the tables say of each row, but for its number; and whether it is kept."""
    data = Dataset(out)
    with open_keys(data) as keys:
        assert data.unread == 0
        rows = keys.sql("SELECT id, kept, rows.* EXCLUDE (row, kept) FROM rows").fetchall()
        begun = keys.sql(
            "SELECT id, list((depth, key, beginnings.replied) ORDER BY depth) FROM beginnings "
            "JOIN rows USING (row) GROUP BY id"
        )
        return {row[0]: row[2:] for row in rows}, dict(begun.fetchall()), {r[0]: r[1] for r in rows}


def odd_rows(chance, count):
    """Rows of fragments that look like markers, white space and constants of templates."""

    def said():
        held = chance.choices(COMMON, k=chance.randrange(1, 7))
        return "".join(held + chance.choices(FRAGMENTS, k=chance.random() < 0.15))

    for _ in range(count):
        prompt = "".join(
            f"\n\n{['Human', 'Assistant'][n % 2]}:{said()}" for n in range(chance.choice([1, 3, 5]))
        )
        yield {side: f"{prompt}\n\nAssistant:{said()}" for side in ("chosen", "rejected")}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Odd rows, and the keys of them built as messages."""
    folder = tmp_path_factory.mktemp("odd")
    path = folder / "in" / "harmless-base" / "train.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in odd_rows(random.Random(1), 600)))
    pairsmith.build(folder / "in", folder / "out", policies=QUIET)
    return folder / "in", tables(folder / "out")


@pytest.mark.parametrize(
    "options", quick(OTHERS, *OTHERS[1::2]), ids=lambda options: "-".join(options.values()).strip()
)
def test_keys_of_odd_rows(odd, tmp_path, options):
    source, (rows, begun, kept) = odd
    pairsmith.build(source, tmp_path / "out", policies=QUIET, **options)
    others, other_begun, other_kept = tables(tmp_path / "out")
    # a template refuses what holds its control text, and quarantine keeps the row as it came
    both = {id for id in kept if kept[id] and other_kept.get(id)}
    assert len(both) > 250
    assert {id: rows[id] for id in both} == {id: others[id] for id in both}
    assert {id: begun.get(id) for id in both} == {id: other_begun.get(id) for id in both}


@pytest.mark.parametrize("options", quick([OTHERS[0], OTHERS[3]]), ids=["llama2", "qwen3-system"])
def test_keys_of_the_real_file(real, tmp_path, options):
    pairsmith.build(real, tmp_path / "messages")
    pairsmith.build(real, tmp_path / "other", **options)
    assert tables(tmp_path / "messages")[:2] == tables(tmp_path / "other")[:2]
