"""Every shape, in every format: what goes in comes out, and a bad row is told in words."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.schema.rows import Kind, source_schema
from pairsmith.sources.columnar.parse import _arrow, _is_sure
from pairsmith.sources.columnar.shapes import SHAPES
from pairsmith.sources.json_faults import ROW_BYTES, fault_of
from pairsmith.sources.records import Records
from support.examples import examples
from support.shapes import WRITE, as_told, blocks, example, message, read, rows, write
from support.slow import quick

every = pytest.mark.parametrize("shape", WRITE)


def test_every_shape_of_messages_is_tested():
    assert set(WRITE) == {shape.name for shape in SHAPES.values() if shape.messages}


@every
@pytest.mark.parametrize(
    "ending", quick(["jsonl", "json", "jsonl.gz", "parquet"], "json", "parquet")
)
@examples(25)
@given(data=st.data())
def test_sound_rows_come_out_as_they_went_in(shape, ending, data, tmp_path_factory):
    held = data.draw(st.lists(rows(shape), min_size=1, max_size=4))
    path = tmp_path_factory.mktemp("rows") / f"train.{ending}"
    found = read(write(path, [row for row, _ in held]), shape)
    expected = [
        {"id": f"mine/train/{n}", **sides, "fault": None} for n, (_, sides) in enumerate(held, 1)
    ]
    assert found == expected


@every
def test_the_schema_is_the_declared_one(shape, tmp_path):
    (block,) = blocks(write(tmp_path / "train.jsonl", [example(shape)]), shape)
    assert block.rows.schema.equals(source_schema(Kind.PAIRS, messages=True))


@every
@pytest.mark.parametrize("ending", ["jsonl", "json", "parquet"])
@pytest.mark.parametrize(
    ("count", "size"), quick([(1, 1 << 20), (2, 1 << 20), (10_000, 150)], (10_000, 150))
)
def test_any_block_cut_gives_the_same_rows(shape, ending, count, size, tmp_path, monkeypatch):
    held = [example(shape, "x" * n) for n in range(7)]
    key = next(iter(SHAPES[shape].required))
    held[2] = {**held[2], key: None}
    path = write(tmp_path / f"train.{ending}", held)
    whole = read(path, shape)
    monkeypatch.setattr("pairsmith.sources.records.BLOCK_ROWS", count)
    monkeypatch.setattr("pairsmith.sources.records.BLOCK_BYTES", size)
    cut = list(blocks(path, shape))
    assert len(cut) > 1
    assert [as_told(row) for block in cut for row in block.rows.to_pylist()] == whole
    assert [row["fault"] is not None for row in whole] == [n == 2 for n in range(7)]
    raws = [json.loads(block.records.raw(0)) for block in cut]
    lines = [int(block.records.lines[0]) for block in cut]
    first = dict(zip([json.dumps(row, sort_keys=True) for row in raws], lines, strict=True))
    assert len(first) == len(cut)
    assert [row for block in cut for row in block.origins.tolist()] == [
        row for block in cut for row in range(len(block.records.numbers))
    ]


# Bad rows

U, A = message("user", "Hello?"), message("assistant", "Hello.")
P = {"prompt": [U], "chosen": [A], "rejected": [A]}
T = {"prompt": "Hello?", "chosen": "Yes.", "rejected": "No."}
H, G = {"from": "human", "value": "Hello?"}, {"from": "gpt", "value": "Hello."}
S = {"conversations": [H], "chosen": G, "rejected": G}
O = {"input": {"messages": [U]}, "preferred_output": [A], "non_preferred_output": [A]}  # noqa: E741
L = {"instruction": "Add.", "chosen": "3", "rejected": "4"}
N = {"context": [U], "completions": [{"rank": n, "completion": [A]} for n in (0, 1)]}
M = {"messages": [U, A], "rejected_response": "No."}
PARTS = [{"type": "text", "text": "Hello?"}]

BAD = [
    ("trl", {**P, "chosen": None}, "the field chosen is null, not a list"),
    ("trl", {"prompt": [U], "chosen": [A]}, "the field rejected is missing"),
    ("ms-swift", {"messages": [], "rejected_response": "No."},
     "messages is a reply alone, and there is no prompt"),
    ("trl", {**P, "chosen": [A, None]}, "message 2 of chosen is null"),
    ("trl", {**P, "prompt": [U, {"role": "assistant"}]}, "message 2 of prompt has no content"),
    ("trl", {**P, "prompt": [{"content": "x"}]}, "message 1 of prompt has no role"),
    ("trl", {**P, "chosen": [{**A, "content": None, "tool_calls": [{"id": "1"}]}]},
     "message 1 of chosen has a tool call without a name"),
    ("trl", {**P, "chosen": [{**A, "content": None, "tool_calls": [{}]}]},
     "message 1 of chosen has no content"),
    ("trl", {**P, "prompt": [U, {**U, "role": 5}]},
     "the role of message 2 of prompt is a number, not text"),
    ("trl", {**P, "chosen": [{**A, "content": "a\0b"}]}, "a text holds a NUL character"),
    ("trl", {**P, "chosen": [{**A, "role": "\0"}]}, "a text holds a NUL character"),
    ("trl", {**P, "chosen": [{**A, "content": "\ud800"}]},
     "a text in it holds half of a surrogate pair"),
    ("trl-implicit", {"chosen": [U, A], "rejected": "No."},
     "the field rejected is text, not a list"),
    ("ultrafeedback", {"chosen": [A], "rejected": [A]},
     "the lists hold replies alone, and there is no prompt"),
    ("trl-text", {**T, "prompt": "\n\nHuman: Hello?\n\nAssistant:"},
     "the prompt has turn markers, unlike those of the first rows"),
    ("sharegpt", {**S, "chosen": {"from": "gpt"}}, "chosen has no value"),
    ("sharegpt", {**S, "conversations": [H, {"value": "x"}]},
     "message 2 of conversations has no from"),
    ("sharegpt", {**S, "rejected": {**G, "value": 1}},
     "the value of rejected is a number, not text"),
    ("sharegpt", {**S, "conversations": [{"from": "system", "value": "x"}, H], "system": "y"},
     "there is a field system, and a system message besides"),
    ("openai", {**O, "input": {"tools": []}}, "input has no messages"),
    ("openai", {**O, "input": {"messages": {}}},
     "the messages of input is an object, not a list"),
    ("openai", {**O, "input": {"messages": [U, {"role": "tool"}]}},
     "message 2 of messages of input has no content"),
    ("alpaca", {**L, "history": [["a", "b"], ["c"]]},
     "an item of history is not a question and an answer"),
    ("alpaca", {**L, "history": [["a", 5]]},
     "the field history holds one that holds one that is a number, not text"),
    ("alpaca", {**L, "instruction": None}, "the field instruction is null, not text"),
    ("alpaca-output", {"instruction": "Add.", "output": ["3"]},
     "there is nothing to compare: 1 reply"),
    ("alpaca-output", {"instruction": "Add.", "output": ["3", None]}, "item 2 of output is null"),
    ("axolotl", {"messages": [U], "chosen": A, "rejected": {}}, "rejected has no role"),
    ("nemo-rl", {**N, "completions": N["completions"][:1]},
     "there is nothing to compare: 1 reply"),
    ("nemo-rl", {**N, "completions": [N["completions"][0]] * 2},
     "replies 1 and 2 are said to be equally good"),
    ("nemo-rl", {**N, "completions": [{"completion": [A]}] * 2},
     "item 1 of completions has no rank"),
    ("nemo-rl", {**N, "completions": [{"rank": 0, "completion": [{"role": "x"}]}] * 2},
     "message 1 of completion of item 1 of completions has no content"),
    ("ms-swift", {"messages": [U, A]},
     "of the fields rejected_response and rejected_messages a row has exactly one"),
    ("ms-swift", {**M, "rejected_messages": [U, A]},
     "of the fields rejected_response and rejected_messages a row has exactly one"),
]  # fmt: skip

ASKED = [("user", "Hello?"), ("assistant", "Hello.")]
OTHERWISE = [
    ("trl", {**P, "prompt": "Hello?"}, ASKED),
    ("trl", {**P, "prompt": ["Hello?"]}, ASKED),
    ("trl", {**P, "chosen": A}, ASKED),
    ("trl", {**P, "prompt": [{**U, "content": PARTS}]}, ASKED),
    ("trl", {**P, "prompt": [{**U, "role": "human"}]}, ASKED),
    ("trl", {**P, "prompt": [message("system", " "), U]}, ASKED),
    ("ultrafeedback", {**P, "prompt": [U]}, ASKED),
    ("trl-text", {**T, "chosen": ["Hello."]}, ASKED),
    ("sharegpt", {**S, "chosen": [G]}, ASKED),
    ("openai", {**O, "input": {"messages": [{**U, "content": PARTS}]}}, ASKED),
    ("alpaca-output", {"instruction": "Hello?", "output": ["Hello.", "4", "5"]}, ASKED),
    ("nemo-rl", {**N, "completions": [N["completions"][0], *N["completions"]]}, ASKED),
]
"""Rows that the columns of their shape cannot take, and that tell what they mean all the same."""


@pytest.mark.parametrize(("shape", "row", "wanted"), OTHERWISE, ids=lambda value: str(value)[:40])
def test_a_row_in_another_form_alone_and_among_others(shape, row, wanted, tmp_path):
    good = example(shape)
    (alone,) = read(write(tmp_path / "one.jsonl", [row]), shape)
    before, among, after = read(write(tmp_path / "train.jsonl", [good, row, good]), shape)
    assert [(m["role"], m["content"]) for m in alone["chosen"]] == wanted
    assert among["chosen"] == alone["chosen"]
    assert before["chosen"] == after["chosen"] is not None
    assert [held["fault"] for held in (alone, before, among, after)] == [None] * 4


@pytest.mark.parametrize(("shape", "bad", "words"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_row_alone_and_among_good_ones(shape, bad, words, tmp_path):
    good = example(shape)
    (alone,) = read(write(tmp_path / "one.jsonl", [bad]), shape)
    before, among, after = read(write(tmp_path / "train.jsonl", [good, bad, good]), shape)
    assert alone["fault"] == among["fault"] == words
    assert among["chosen"] is among["rejected"] is None
    assert before["chosen"] == after["chosen"] is not None
    assert before["fault"] is after["fault"] is None


@given(st.lists(st.sampled_from([bad for bad in BAD if bad[0] == "trl"] + [("trl", P, None)])))
def test_a_row_is_read_alike_in_any_company(tmp_path_factory, held):
    path = write(tmp_path_factory.mktemp("rows") / "train.jsonl", [row for _, row, _ in held])
    assert [row["fault"] for row in read(path, "trl")] == [words for *_, words in held]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(0, 2) | st.sampled_from(["", "a"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["role", "content", "from", "value", "rank", "completion", "messages"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def spoilt(value, draw):
    """The value with anything at all in some place of it."""
    if draw(st.integers(0, 5)) == 0:
        return draw(ANY)
    if isinstance(value, dict):
        names = [name for name in value if draw(st.integers(0, 9)) > 0]
        return {name: spoilt(value[name], draw) for name in names}
    if isinstance(value, list):
        return [spoilt(item, draw) for item in value for _ in range(draw(st.integers(0, 2)))]
    return value


@every
@examples(25)
@given(data=st.data())
def test_spoilt_rows_are_kept_or_refused_alike_in_any_company(shape, data, tmp_path_factory):
    held = [spoilt(example(shape), data.draw) for _ in range(3)]
    held = [row if isinstance(row, dict) else {"x": row} for row in held]
    folder = tmp_path_factory.mktemp("rows")
    together = read(write(folder / "train.jsonl", held), shape)
    for row, raw in zip(together, held, strict=True):
        (alone,) = read(write(folder / "one.json", [raw]), shape)
        assert {**alone, "id": row["id"]} == row
        assert (
            (row["fault"] is None) == (row["chosen"] is not None) == (row["rejected"] is not None)
        )
        for side in ("chosen", "rejected"):
            spoken = [text for m in row[side] or [] for text in m.values()]
            assert all(isinstance(text, str) for text in spoken)


def test_what_is_given_twice_inside_of_a_message(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text(
        '{"prompt": [], "chosen": [{"role": "user", "role": "user"}], "rejected": []}\n'
        '{"prompt": [], "chosen": [{"role": "", "content": "", "x": 1, "x": 2}], "rejected": []}'
    )
    assert [row["fault"] for row in read(path, "trl")] == [
        "the role of message 1 of chosen is given twice", "the field x is given twice",
    ]  # fmt: skip


VALUES = ["1", "1.5", "true", '"a"', "[]", "{}", "null", "[null]", "[1]", '["a"]', "[[]]", "[{}]"]
INSIDE = ['{"role": %s}', '{"content": %s, "role": "x"}', "%s"]


@every
@pytest.mark.parametrize("value", quick(VALUES, "1", "null", '["a"]', "[{}]"))
def test_what_python_surely_refuses_arrow_refuses(shape, value):
    fields = SHAPES[shape].fields
    for name in fields.names:
        for inside in INSIDE:
            for around in ("%s", "[%s]", '{"messages": [%s]}', '[{"rank": 1, "completion": %s}]'):
                raw = f'{{"{name}": {around % (inside % value)}}}'.encode()
                places = (np.array([n]) for n in (0, len(raw), 1, 1))
                table = _arrow(Records(raw, *places), fields, 0, 1)
                fault = fault_of(raw, fields, ())
                assert isinstance(table, str) == bool(fault and _is_sure(raw, fault)), raw


def test_a_row_that_is_too_long(tmp_path):
    long = {**P, "chosen": [{**A, "content": "x" * (ROW_BYTES + 1)}]}
    for ending in ("jsonl", "parquet"):
        bad, good = read(write(tmp_path / f"train.{ending}", [long, P]), "trl")
        assert "at most 16,777,216 are read" in bad["fault"]
        assert good["fault"] is None


# What the shapes make of their fields


def sides(shape, row, tmp_path):
    (held,) = read(write(tmp_path / "train.jsonl", [row]), shape)
    assert held["fault"] is None
    told = [[(m["role"], m["content"]) for m in held[side]] for side in ("chosen", "rejected")]
    return tuple(told)


def test_ultrafeedback_lists_of_replies_alone_take_the_prompt(tmp_path):
    chosen, rejected = sides(
        "ultrafeedback", {"prompt": "Hi?", "chosen": [A], "rejected": [U, A]}, tmp_path
    )
    assert chosen == [("user", "Hi?"), ("assistant", "Hello.")]
    assert rejected == [("user", "Hello?"), ("assistant", "Hello.")]


def test_ultrafeedback_whole_lists_do_not_look_at_the_prompt(tmp_path):
    whole = [message("system", "Be kind."), U, A, U, A]
    for prompt in ("Hello?", "something else", None):
        row = {"prompt": prompt, "chosen": whole, "rejected": whole}
        chosen, _ = sides("ultrafeedback", row, tmp_path)
        assert [role for role, _ in chosen] == ["system", "user", "assistant", "user", "assistant"]


@pytest.mark.parametrize(
    ("instruction", "given", "text"),
    [
        ("Add.", "1 and 2", "Add.\n1 and 2"),
        ("Add.", "", "Add."),
        ("Add.", " \n", "Add."),
        ("Add.", None, "Add."),
        ("", "1 and 2", "1 and 2"),
        ("", "", ""),
        (" Add. ", " 1 ", " Add. \n 1 "),
    ],
)
def test_alpaca_puts_the_input_below_the_instruction(instruction, given, text, tmp_path):
    row = {**L, "instruction": instruction, "input": given, "system": " "}
    assert sides("alpaca", row, tmp_path)[0] == [("user", text), ("assistant", "3")]


def test_sharegpt_names_of_speakers(tmp_path):
    spoken = ["system", "human", "gpt", "observation", "user", "Human", "bot"]
    row = {**S, "conversations": [{"from": name, "value": "x"} for name in spoken], "system": ""}
    roles = ["system", "user", "assistant", "tool", "user", "user", "assistant"]
    assert [role for role, _ in sides("sharegpt", row, tmp_path)[0]] == [*roles, "assistant"]


def test_sharegpt_system_field(tmp_path):
    chosen, _ = sides("sharegpt", {**S, "system": "Be kind."}, tmp_path)
    assert chosen[0] == ("system", "Be kind.")


def test_ms_swift_rejected_messages(tmp_path):
    row = {"messages": [U, A], "rejected_messages": [U, message("assistant", "No.")]}
    assert sides("ms-swift", row, tmp_path) == (
        [("user", "Hello?"), ("assistant", "Hello.")],
        [("user", "Hello?"), ("assistant", "No.")],
    )


def test_hh_prompt_gives_transcripts(tmp_path):
    row = {"prompt": "\n\nHuman: Hi\n\nAssistant:", "chosen": " Yes.", "rejected": " No."}
    path = write(tmp_path / "train.jsonl", [row, {**row, "chosen": None}])
    good, bad = read(path, "hh-prompt")
    assert good["chosen"] == "\n\nHuman: Hi\n\nAssistant: Yes."
    assert good["rejected"] == "\n\nHuman: Hi\n\nAssistant: No."
    assert bad["chosen"] is None
    assert bad["fault"] == "the field chosen is null, not text"


def test_the_real_demo(demo):
    found = read(demo, "sharegpt")
    held = json.loads(demo.read_text(encoding="utf-8"))
    assert len(found) == len(held) == 300
    names = {"human": "user", "gpt": "assistant", "system": "system"}
    for row, raw in zip(found, held, strict=True):
        assert row["fault"] is None
        for side in ("chosen", "rejected"):
            expected = [message(names[t["from"]], t["value"]) for t in raw["conversations"]]
            last = raw[side]
            assert row[side] == [*expected, message(names[last["from"]], last["value"])]


def test_contents_share_no_memory_with_faults(tmp_path):
    """Nothing is null inside, and what was refused is not kept below."""
    path = write(tmp_path / "train.jsonl", [P, {**P, "chosen": [A, None]}, P])
    (block,) = blocks(path, "trl")
    for side in ("chosen", "rejected"):
        flat = block.rows[side].values
        assert flat.null_count == 0
        assert [child.null_count for child in flat.flatten()] == [0, 0, len(flat)]
        assert len(flat) == 4
    assert isinstance(block.rows, pa.RecordBatch)
