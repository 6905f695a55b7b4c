"""Rows that another build holds out do not stand in train: by the question, in either form."""

import pytest

import pairsmith
from pairsmith.errors import RecipeError
from pairsmith.training.held_out import check_held_out
from support.slow import slow
from support.training import train_policy, train_quietly

ROWS = [
    {"prompt": f"How long does tea {n} steep?", "chosen": "Minutes.", "rejected": "No idea."}
    for n in range(6)
]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """`first` holds out tea 5; `leaky` of a later round trains on it; `clean` does not."""
    place = tmp_path_factory.mktemp("rounds")
    pairsmith.build({"train": ROWS[:5], "test": ROWS[5:]}, place / "first", template="llama2")
    again = {**ROWS[5], "chosen": "Three minutes."}
    for name, rows in (("leaky", [*ROWS[:2], again, again]), ("clean", ROWS[:2])):
        pairsmith.build({"train": rows}, place / name)
    return place


def test_a_question_that_is_held_out_is_refused_with_both_rows(rounds):
    """Though one build is text and the other messages, and the reply is another."""
    with pytest.raises(RecipeError) as caught:
        check_held_out(rounds / "leaky", str(rounds / "first"), frozenset())
    said = caught.value.message
    assert "/train/3 of train opens with the question of " in said
    assert "/test/1, which " in said
    assert "and 1 more rows" in said


def test_the_other_build_is_named_by_its_hash(rounds):
    from hashlib import sha256

    found = check_held_out(rounds / "clean", str(rounds / "first"), frozenset())
    held = (rounds / "first" / "manifest.json").read_bytes()
    assert found.parent == {"name": "first", "sha256": sha256(held).hexdigest()}
    assert found.untold == 0


def test_a_build_that_holds_nothing_out_is_refused(rounds):
    with pytest.raises(RecipeError, match="holds out no row with a question"):
        check_held_out(rounds / "clean", str(rounds / "leaky"), frozenset())


@slow
@pytest.mark.parametrize("train", [train_quietly, train_policy])
def test_every_method_refuses_and_names(rounds, small, tmp_path, train):
    pytest.importorskip("trl")
    given = {"max_steps": 1, "held_out": str(rounds / "first")}
    with pytest.raises(RecipeError, match="of train opens with the question"):
        train(rounds / "leaky", tmp_path / "leaky", small.model, **given)
    assert not (tmp_path / "leaky").exists()
    made = train(rounds / "clean", tmp_path / "clean", small.model, **given)
    assert made.manifest.others["held_out"]["name"] == "first"
    assert train(rounds / "clean", tmp_path / "clean", small.model, **given).reused
