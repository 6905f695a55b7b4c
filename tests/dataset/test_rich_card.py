"""What the card says of rows of many fields, of what goes along, and of comparisons."""

import json

import pairsmith
from support.rich import WEATHER, call, said

ASK = [said("user", "Is the mint dry?")]
LOOK = said("assistant", "", tool_calls=[call("soil_moisture", {"pot": "mint"}, "c1")])
ROW = {
    "prompt": ASK,
    "chosen": [LOOK],
    "rejected": [said("assistant", "No.")],
    "tools": [WEATHER],
    "gain": 2.0,
    "source": "garden",
}
RANKED = {"prompt": "Dry?", "answers": [{"answer": f"{n} days.", "rank": n} for n in (1, 2, 3)]}


def card_of(folder, names, row, **options):
    source = folder / "in"
    source.mkdir()
    for name in names:
        (source / name).write_text(json.dumps(row) + "\n")
    pairsmith.build(source, folder / "out", **options)
    return (folder / "out" / "README.md").read_text()


def test_tools_margin_and_what_goes_along_are_columns(tmp_path):
    card = card_of(tmp_path, ["train.jsonl"], ROW, carry=["source"], margin="gain")
    assert "| `tools` | the definitions of the tools" in card
    assert "| `margin` | by how much the source says that `chosen` is better" in card
    assert "| `source` | of the source, as it stands there" in card
    assert "lists of `{role, content}`" not in card
    assert "pairsmith export" in card  # a trainer that loaded the shards would read calls as text
    assert "several files" not in card
    assert "comparison" not in card.split("## The ledger")[0]


def test_rows_and_comparisons_are_told_apart(tmp_path):
    names = ["train-00000.jsonl", "train-00001.jsonl"]
    card = card_of(tmp_path, names, RANKED, pairs="all")
    assert "2 rows make 6 comparisons, of which 6 are kept, 0 quarantined" in card
    assert "FILE-ROW" in card
    assert "of a row of several comparisons" in card
    assert "read = kept + quarantined, in comparisons" in card
