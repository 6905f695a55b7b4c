"""What the card of a build says of the build, and what it does not claim."""

import json

import pytest
import yaml

import pairsmith
from pairsmith.dataset.card import configs
from pairsmith.dataset.manifest import read_manifest

TALK = "\n\nHuman: Which tea?\n\nAssistant: "
ROWS = {
    "hh": {"chosen": f"{TALK}Mint.", "rejected": f"{TALK}None."},
    "trl-text": {"prompt": "Which tea?", "chosen": "Mint.", "rejected": "None."},
    "nemo-rl": {
        "context": [{"role": "user", "content": "Which tea?"}],
        "completions": [
            {"rank": rank, "completion": [{"role": "assistant", "content": text}]}
            for rank, text in enumerate(("Mint.", "None."))
        ],
    },
}


def build(folder, row, **options):
    source = folder / "rows.jsonl"
    source.write_text(json.dumps(row) + "\n")
    pairsmith.build(source, folder / "out", force=True, **options)
    return folder / "out"


@pytest.mark.parametrize("shape", ROWS)
def test_who_preferred_is_not_made_up(shape, tmp_path):
    card = (build(tmp_path, ROWS[shape], subset="tea") / "README.md").read_text()
    assert "a reply that was preferred (`chosen`) and one that was not (`rejected`)" in card
    assert "person" not in card


def test_of_hh_rlhf_persons_did(tmp_path):
    card = (build(tmp_path, ROWS["hh"], subset="harmless-base") / "README.md").read_text()
    assert "a reply that a person preferred (`chosen`) and one that they did not" in card


def test_a_gate_asks_in_the_order_that_it_was_written_in(tmp_path):
    asked = {
        "Why": "text",
        "A firm": {"type": "select", "options": ["no", "a nursery"]},
        "I agree": "checkbox",
        "Country": "country",
    }
    out = build(tmp_path, ROWS["hh"], card={"extra_gated_fields": asked, "license": "mit"})
    front = yaml.safe_load((out / "README.md").read_text().split("---")[1])
    assert list(front["extra_gated_fields"].items()) == list(asked.items())
    held = read_manifest(out).recipe.card_fields["extra_gated_fields"]
    assert list(held["A firm"]) == ["type", "options"]


def test_the_id_is_that_of_the_rows(tmp_path):
    def described(row):
        (held,) = {entry["description"] for entry in configs(read_manifest(build(tmp_path, row)))}
        return held

    first = described(ROWS["trl-text"])
    assert described({**ROWS["trl-text"], "chosen": "Sage."}) != first
    assert described(ROWS["trl-text"]) == first
