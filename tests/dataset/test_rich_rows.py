"""Rows of many fields and of several messages, as questions about a whole dataset see them."""

import json

import pytest

import pairsmith
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset
from support.rich import call, said

ASK = [said("user", "Is the mint dry?")]
LOOK = said("assistant", "", tool_calls=[call("soil_moisture", {"pot": "mint"}, "c1")])
AGAIN = said("assistant", "", tool_calls=[call("soil_moisture", {"pot": "mint"}, "other")])
WRONG = said("assistant", "", tool_calls=[call("soil_moisture", {"pot": "fern"}, "c1")])
TOLD = said("tool", "12 percent", tool_call_id="c1", name="soil_moisture")
YES, NO = said("assistant", "Yes, very."), said("assistant", "No, it is wet.")
THOUGHT = said("assistant", "Yes, very.", reasoning_content="Mint likes damp soil.")


def build(folder, rows, **options):
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairsmith.build(path, folder / "out", **options)
    return folder / "out"


def pair(prompt, chosen, rejected):
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def texts(turns):
    names = turns.role_names.to_pylist()
    return list(zip(names, turns.content.texts().to_pylist(), strict=True))


def test_a_reply_of_several_messages_is_one_turn_behind_the_prompt(tmp_path):
    out = build(tmp_path, [pair(ASK, [LOOK, TOLD, YES], [NO]), pair(ASK, [THOUGHT], [NO])])
    [batch] = Dataset(out).batches()
    written = "Mint likes damp soil.\n\nYes, very."
    called = '{"name": "soil_moisture", "arguments": {"pot": "mint"}}'
    asked = ("user", "Is the mint dry?")
    assert texts(batch.chosen) == [
        asked,
        ("assistant", f"{called}\n\n12 percent\n\nYes, very."),
        asked,
        ("assistant", written),
    ]
    assert texts(batch.rejected) == [asked, ("assistant", NO["content"])] * 2


def keys_of(out):
    names = "id, turns, prompt, chosen, rejected, whole_chosen, prompt_chars, chosen_chars"
    with open_keys(Dataset(out)) as keys:
        found = keys.sql(f"SELECT {names} FROM rows ORDER BY row").fetchall()
    return [dict(zip(names.split(", "), row, strict=True)) for row in found]


def test_keys_tell_calls_and_thoughts_apart_but_not_the_ids_of_calls(tmp_path):
    replies = [[LOOK, TOLD, YES], [AGAIN, TOLD, YES], [WRONG, TOLD, YES], [THOUGHT], [YES]]
    rows = keys_of(build(tmp_path, [pair(ASK, reply, [NO]) for reply in replies]))
    assert len({row["prompt"] for row in rows}) == 1
    assert {row["turns"] for row in rows} == {1}
    assert {row["prompt_chars"] for row in rows} == {len(ASK[0]["content"])}
    first, same, wrong, thought, plain = (row["chosen"] for row in rows)
    assert first == same
    assert len({first, wrong, thought, plain}) == 4
    assert rows[3]["chosen_chars"] == len("Mint likes damp soil.\n\nYes, very.")


def test_a_row_that_goes_on_from_a_trajectory_is_found(tmp_path):
    ask = said("user", "And the fern?")
    rows = [
        pair(ASK, [LOOK, TOLD, YES], [NO]),
        pair([*ASK, LOOK, TOLD, YES, ask], [NO], [THOUGHT]),
    ]
    out = build(tmp_path, rows)
    with open_keys(Dataset(out)) as keys:
        found = keys.sql("SELECT whole_chosen FROM rows WHERE row = 0").fetchall()
        begun = keys.sql("SELECT key FROM beginnings WHERE row = 1 AND depth = 4").fetchall()
    assert found == begun


def test_refused_trajectories_part_where_kept_ones_do(tmp_path):
    out = build(tmp_path, [pair(ASK, [LOOK, TOLD, YES], [LOOK, TOLD, YES]), pair(ASK, [YES], [NO])])
    with open_keys(Dataset(out)) as keys:
        refused = keys.sql("SELECT chosen = rejected, chosen_chars FROM rows WHERE NOT kept")
        assert refused.fetchall() == [(True, len(YES["content"]))]


@pytest.mark.parametrize("raw", [["Alone?"], ["Alone?", "Alone?"]])
def test_refused_groups_of_rows_do_not_stop_a_look_at_all(tmp_path, raw):
    told = [
        {"prompt": "Dry?", "completion": said, "label": said == "Yes."} for said in ("Yes.", "No.")
    ]
    alone = [{"prompt": text, "completion": "It is.", "label": True} for text in raw]
    out = build(tmp_path, [*told, *alone])
    data = Dataset(out)
    with open_keys(data) as keys:
        assert keys.sql("SELECT count(*) FROM rows WHERE kept").fetchall() == [(1,)]


def test_rendered_calls_are_not_taken_for_control_text(tmp_path):
    rows = [pair(ASK, [LOOK, TOLD, YES], [NO]), pair(ASK, [THOUGHT], [NO])]
    out = build(tmp_path, rows, template="qwen3")
    data = Dataset(out)
    [batch] = data.batches()
    assert batch.exact.tolist() == [False, False]
    assert data.unread == 2
