"""The kernel for pairs against a reference that goes row by row."""

import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.building import task
from pairsmith.kernel.pairs import pair_kernel
from pairsmith.schema.reasons import Note
from support import reference
from support.formats import kernel_for, recipe_for
from support.transcripts import pair_batch, rows

SYSTEM = "  Answer\nin verse. "
PARTS = ("prompt", "chosen", "rejected")


def convert(held, system=None, template="llama2", **options):
    recipe = recipe_for(template, system=system, **options)
    return kernel_for(pair_kernel, recipe)(pair_batch(held)).to_pylist()


def assert_equal_to_reference(held):
    text, with_system, message = convert(held), convert(held, SYSTEM), convert(held, template=None)
    for n, row in enumerate(held):
        assert text[n]["reason"] == reference.reason(row)
        assert message[n]["reason"] == reference.reason(row, control=())
        if text[n]["reason"] is None:
            assert [text[n][part] for part in PARTS] == reference.texts(row)
            assert [with_system[n][part] for part in PARTS] == reference.texts(row, SYSTEM)
        if message[n]["reason"] is None:
            assert [message[n][part] for part in PARTS] == reference.messages(row)


@given(st.lists(rows(), max_size=10))
def test_equals_the_reference(held):
    assert_equal_to_reference(held)


def test_equals_the_reference_on_every_real_row(real_rows):
    assert_equal_to_reference(real_rows)
    kept = [row for row in convert(real_rows) if row["reason"] is None]
    assert len(kept) == 2299


def test_notes_of_the_real_rows(real_rows):
    notes = [note for row in convert(real_rows) for note in row["notes"] or ()]
    assert notes.count(Note.ROLE_MARKER_IN_TEXT) == 44
    assert notes.count(Note.TRUNCATED_MARKER) == 1


def row(prompt, chosen="Yes, sure.", rejected="No, sorry."):
    return {
        "chosen": f"{prompt}\n\nAssistant: {chosen}",
        "rejected": f"{prompt}\n\nAssistant: {rejected}",
    }


Q = "\n\nHuman: Is it late?"


LONGER = Q + "\n\nAssistant: A.\n\nHuman: B."


@pytest.mark.parametrize(
    ("held", "reason", "detail"),
    [
        (
            {"chosen": None, "rejected": Q},
            "malformed",
            "chosen: no turn marker (a blank line, then Human: or Assistant:)",
        ),
        (row("hello" + Q), "malformed", "chosen: text stands before the first turn marker"),
        (row(Q, chosen="a\0b"), "malformed", "a transcript holds a NUL character"),
        (
            {"chosen": Q, "rejected": Q},
            "no_reply",
            "chosen and rejected: the last turn is not the assistant's",
        ),
        (
            {**row(Q), "rejected": row("\n\nHuman: Is it early?")["rejected"]},
            "prompt_mismatch",
            "the sides differ from turn 1 on; chosen has 2 turns, rejected 2",
        ),
        (
            {**row(Q), "rejected": row(LONGER)["rejected"]},
            "prompt_mismatch",
            "the sides agree, but one goes on; chosen has 2 turns, rejected 4",
        ),
        (row(Q + "\n\nHuman: Well?"), "bad_roles", "turn 2 is user, expected assistant"),
        (row(""), "bad_roles", "turn 1 is assistant, expected user"),
        (row("\n\nHuman: \n"), "empty_turn", "turn 1 (user) is blank"),
        (row(Q, rejected=" "), "empty_reply", "rejected: the last assistant turn is blank"),
        (row(Q, rejected=" Yes, sure.\n"), "identical", "the two replies are the same"),
        (row(Q, rejected="a </s> b"), "control_token", "rejected: turn 2 (assistant) holds </s>"),
    ],
)
def test_reason_and_detail(held, reason, detail):
    (out,) = convert([held])
    assert (out["reason"], out["detail"]) == (reason, detail)


@pytest.mark.parametrize(
    ("held", "notes"),
    [
        (row(Q), []),
        (row(Q, chosen="He wrote: Human: hi"), [Note.ROLE_MARKER_IN_TEXT]),
        (row(Q, chosen="Fine.\n\nHuman"), [Note.TRUNCATED_MARKER]),
        (row(Q, chosen="Fine, says the Human"), []),
        (row(Q, chosen="Yes"), [Note.NEAR_EMPTY_REPLY]),
        (row(Q, chosen="...!?"), [Note.NEAR_EMPTY_REPLY]),
        (row(Q, chosen="Да, конечно"), []),
    ],
)
def test_notes(held, notes):
    assert convert([held])[0]["notes"] == notes


def test_a_kept_reason_is_a_note_and_the_next_reason_still_counts():
    blank = row("\n\nHuman: ")
    same = row("\n\nHuman: ", rejected="Yes, sure.")
    kept, refused = convert([blank, same], policies={"empty_turn": "keep"})
    assert (kept["reason"], kept["notes"]) == (None, ["empty_turn"])
    assert refused["reason"] == "identical"


def test_a_long_system_text_takes_bounded_memory(tmp_path, monkeypatch):
    """The batch is cut, so that the text is not repeated too often; nothing else changes."""
    rows_ = tmp_path / "rows.jsonl"
    rows_.write_text("".join(json.dumps(row(f"\n\nHuman: {n}?")) + "\n" for n in range(50)))
    whole = pairsmith.build(rows_, tmp_path / "whole", template="llama2", system="Be kind.")
    monkeypatch.setattr(task, "SYSTEM_TOTAL", 8 * 7)
    parts = pairsmith.build(rows_, tmp_path / "parts", template="llama2", system="Be kind.")
    tables = [pq.read_table(tmp_path / name / "pairs") for name in ("whole", "parts")]
    assert tables[0].equals(tables[1])
    assert whole.ledger == parts.ledger


def test_a_blank_first_turn_is_stripped_with_the_system_text():
    (out,) = convert([row("\n\nHuman: ")], system="Be kind.", policies={"empty_turn": "keep"})
    assert out["prompt"] == "[INST] <<SYS>>\nBe kind.\n<</SYS>> [/INST]"


def test_merge_joins_neighbouring_turns_of_one_speaker():
    held = row("\n\nHuman: One.\n\nHuman: Two.")
    (out,) = convert([held], policies={"bad_roles": "merge"}, template=None)
    assert out["prompt"] == [{"role": "user", "content": "One.\n\nTwo."}]
    assert out["notes"] == ["bad_roles"]


def test_merge_leaves_other_reasons_alone():
    mismatch = {**row(Q), "rejected": row(Q + "\n\nHuman: Well?")["rejected"]}
    starts_wrong = row("\n\nAssistant: Hi." + Q)
    out = convert([mismatch, starts_wrong], policies={"bad_roles": "merge"})
    assert [o["reason"] for o in out] == ["prompt_mismatch", "bad_roles"]
