"""Rows of any shape, with fields that nobody knows at any depth: nothing is lost, or counted twice.

1. Every path of a row is in one use, once.
2. What is said by a kept row stands in its messages, and in its text.
3. A field that nobody knows changes neither, and is left out.
4. A field that matters beside is in the pair, or the row is refused and says why.
"""

import copy
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.io.identity import WatchedFile
from pairsmith.kernel.pairs import pair_kernel
from pairsmith.sources.detection.settling import settle
from pairsmith.sources.field_uses import Use
from pairsmith.sources.read import arrange_rows, read_rows
from pairsmith.sources.reader import reader_of
from pairsmith.sources.rows.detected import Asked
from support import shapes
from support.annotated_shapes import ANNOTATED
from support.built import assert_text_holds, pair_of, paths_in
from support.examples import examples
from support.formats import kernel_for, recipe_for
from support.public_shapes import ASKED, BAD, FAIR, GOOD, MORE, PUBLIC
from support.slow import quick
from support.thinking_shapes import THINKING

ALL = {**PUBLIC, **ANNOTATED, **THINKING}
GROUPED = ("rows", "tree")
UNKNOWN = "zz"
WHOLE = {"function", "fields", "values", "value", "tools", "tool_calls"}
"""Objects that are read as a whole, or in which every name means something."""

words = st.text(st.sampled_from("abcXYZ019 .,;!?-()éß漢😀\u200d"), max_size=12).map(str.strip)
scalars = st.none() | st.booleans() | st.integers(-9, 9) | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


def objects_in(value):
    """All objects in a row in which a field may stand that nobody knows."""
    if isinstance(value, dict):
        yield value
        for name, held in value.items():
            if name not in WHOLE:
                yield from objects_in(held)
    elif isinstance(value, list):
        for held in value:
            yield from objects_in(held)


def replaced(value, texts):
    """The same with other texts in the place of some."""
    if isinstance(value, dict):
        return {name: replaced(held, texts) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(replaced(held, texts) for held in value)
    if isinstance(value, str):
        for old, new in texts.items():
            value = value.replace(old, new)
    return value


@st.composite
def rows_of(draw, name):
    """Rows of a data set with other texts and fields that nobody knows; what they give."""
    public = ALL[name]
    marks = {ASKED: "Qq", GOOD: "Gg", FAIR: "Ff", BAD: "Bb", MORE: "Mm"}
    texts = {old: f"{mark} {draw(words)}".strip() for old, mark in marks.items()}
    rows = [with_unknown(draw, row) for row in replaced(public.rows, texts)]
    return rows, replaced(public.expected, texts)


def with_unknown(draw, row):
    row = copy.deepcopy(row)
    places = list(objects_in(row))
    for number in range(draw(st.integers(0, 3))):
        place = places[draw(st.integers(0, len(places) - 1))]
        place[f"{UNKNOWN}{number}"] = draw(values)
    return row


def read(rows, asked):
    """Rows written as a file: how they are read, and the blocks."""
    with tempfile.TemporaryDirectory() as folder:
        file = shapes.source_file(shapes.write(Path(folder) / "x.jsonl", rows))
        settled = settle([file], asked)
        made = {"shape": settled.detected.name, "reading": settled.reading, "full": settled.full}
        reader = reader_of(recipe_for(**made), "")
        with WatchedFile(file.place, file.path) as metered:
            blocks = [arrange_rows(file, held, reader) for held in read_rows(file, metered, reader)]
    return made, blocks


def check_uses(rows, blocks, grouped):
    """The first law, and the half of the third that is about the ledger."""
    there = [paths_in(row) for row in rows]
    total, left = Counter(), Counter()
    for block in blocks:
        for (path, use), mask in block.uses.masks.items():
            total[path] += int(np.asarray(mask).sum())
            left[path] += int(np.asarray(mask).sum()) * (use == Use.LEFT_OUT)
        assert int(block.uses.sizes.sum()) == len(rows)
    wanted = Counter(path for paths in there for path in paths)
    assert total == wanted
    for path, count in wanted.items():
        if UNKNOWN in path:
            assert left[path] == count, path
    if grouped:
        return
    [block] = blocks
    for number, paths in enumerate(there):
        counts = [(path, int(mask[number])) for (path, _), mask in block.uses.masks.items()]
        assert sorted(one for one in counts if one[1]) == sorted((path, 1) for path in paths)


def kept(made, blocks, template=None):
    """What a kernel makes of blocks: its rows, and the reasons of those that are refused."""
    kernel = kernel_for(pair_kernel, recipe_for(template, **made))
    return [row for block in blocks for row in kernel(block.rows).to_pylist()]


def check_rows(made, blocks, expected):
    """The second law: what was expected is what is written, as messages and as text."""
    messages, texts = kept(made, blocks), kept({**made, "full": False}, blocks, "qwen3")
    assert len(messages) == len(expected)
    for row, text, told in zip(messages, texts, expected, strict=True):
        assert row["reason"] == text["reason"] == (told if isinstance(told, str) else None)
        if isinstance(told, str):
            continue
        pair = pair_of(row)
        prompt, *replies = told
        assert [message["content"] for message in pair[0]] == list(prompt)
        assert ["\n".join(m["content"] for m in reply) for reply in pair[1:3]] == replies
        assert_text_holds(text, pair)


KEPT = ("hh-rlhf", "UltraFeedback", "OpenAI preference", "agent pairs", "oasst2", "PKU-SafeRLHF")


@pytest.mark.parametrize("name", quick(ALL, *KEPT))
@given(data=st.data())
@examples(40)
def test_rows_of_public_data_sets(name, data):
    rows, expected = data.draw(rows_of(name))
    made, blocks = read(rows, Asked(**dict(ALL[name].asked)))
    assert made["shape"] == ALL[name].shape
    check_uses(rows, blocks, made["shape"] in GROUPED)
    check_rows(made, blocks, [outcome for outcomes in expected for outcome in outcomes])


@pytest.mark.parametrize("shape", quick(shapes.WRITE, "trl", "sharegpt"))
@given(data=st.data())
@examples(60)
def test_rows_of_shapes_of_columns(shape, data):
    drawn = data.draw(st.lists(shapes.rows(shape), min_size=1, max_size=4))
    rows = [with_unknown(data.draw, row) for row, _ in drawn]
    made, blocks = read(rows, Asked(shape))
    check_uses(rows, blocks, grouped=False)
    written = kept(made, blocks)
    assert len(written) == len(rows)
    for row, (_, sides) in zip(written, drawn, strict=True):
        if row["reason"] is None:
            prompt, chosen, rejected, _ = pair_of(row)
            for held, side in ((chosen, "chosen"), (rejected, "rejected")):
                said = [message["content"] for message in prompt + held]
                assert said == [message["content"] for message in sides[side]]
    for row, text in zip(written, kept(made, blocks, "qwen3"), strict=True):
        if text["reason"] is None:
            assert_text_holds(text, pair_of(row))


MATTERS = {
    **dict.fromkeys(("system", "context", "document", "passage"), "Ss it was watered."),
    "history": [["Ss it was watered.", "Good."]],
    "images": ["Ss.png"],
    "image": {"path": "Ss.png"},
    "tools": [{"type": "function", "function": {"name": "Ss"}}],
}


@pytest.mark.parametrize("beside", MATTERS)
@pytest.mark.parametrize("name", quick([*ALL, *shapes.WRITE], *KEPT, "trl"))
def test_a_field_that_matters_is_in_the_pair_or_the_row_is_refused(name, beside):
    rows = ALL[name].rows if name in ALL else [shapes.example(name)]
    rows = [{**row, beside: MATTERS[beside]} for row in rows if not row.get(beside)]
    if not rows:
        return
    asked = Asked(**dict(ALL[name].asked)) if name in ALL else Asked()
    made, blocks = read(rows, asked)
    check_uses(rows, blocks, made["shape"] in GROUPED)
    for row in kept(made, blocks):
        if row["reason"] is not None:
            assert row["detail"]
            continue
        prompt, _, _, tools = pair_of(row)
        assert "Ss" in str(prompt) + str(tools)


def test_the_laws_can_fail():
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD, "zz": 1}
    made, blocks = read([row], Asked())
    check_uses([row], blocks, grouped=False)
    with pytest.raises(AssertionError):
        check_uses([{**row, "other": 1}], blocks, grouped=False)
    with pytest.raises(AssertionError):
        check_rows(made, blocks, [((ASKED,), GOOD, FAIR)])
