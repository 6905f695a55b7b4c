"""`--from auto`: the shape of a source is told by its first rows, whatever stands among them."""

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.errors import RecipeError, SourceError
from pairsmith.sources.columnar.shapes import SHAPES
from pairsmith.sources.detection.detect import choose, recognise
from pairsmith.sources.formats import json_text
from support.shapes import WRITE, example, read, rows, source_file, write

ROOT = Path(__file__).parents[3]
HH = {"chosen": "\n\nHuman: Hi?\n\nAssistant: Hi.", "rejected": "\n\nHuman: Hi?\n\nAssistant: No."}
HALVED = {"prompt": "\n\nHuman: Hi?\n\nAssistant:", "chosen": " Hi.", "rejected": " No."}
ROWS = {name: example(name) for name in WRITE} | {"hh": HH, "hh-prompt": HALVED}
JUNK = [
    "not json", "[1, 2]", "5", "null", "{}", '{"chosen": 5}', '{"note": "begins here"}', '"text"',
    '{"chosen": "x"', '{"messages": null}', '{"prompt": 1, "chosen": [], "rejected": []}',
    '{"chosen": {"a": 1}, "rejected": []}', "\ufeff{}", "[" * 2000, '{"a": ' + "[" * 100_000,
]  # fmt: skip


def documented():
    """The example of each shape in docs/reference/schema.md."""
    page = (ROOT / "docs/reference/schema.md").read_text(encoding="utf-8")
    section = r"^### (\S+)\n(?:(?!#|```).*\n)*```json\n(.*)\n```"
    return re.findall(section, page, re.M)


def test_every_shape_is_documented_with_an_example_that_is_read(tmp_path):
    assert {name for name, _ in documented()} == set(SHAPES)
    for name, text in documented():
        path = write(tmp_path / "train.jsonl", [json.loads(text)])
        assert told(path) == name
        (row,) = read(path, name)
        assert row["fault"] is None
        replies = {side: json.dumps(row[side])[-20:] for side in ("chosen", "rejected")}
        assert "Mostly." in replies["chosen"]
        assert "No." in replies["rejected"]


def told(path):
    shape = recognise(source_file(path))
    return shape and shape.name


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ending", ["jsonl", "json", "jsonl.gz", "parquet"])
def test_every_shape_is_told_from_one_row(shape, ending, tmp_path):
    assert told(write(tmp_path / f"train.{ending}", [ROWS[shape]])) == shape


@pytest.mark.parametrize("shape", WRITE)
@given(data=st.data())
def test_every_shape_is_told_from_any_rows(shape, data, tmp_path_factory):
    held = [row for row, _ in data.draw(st.lists(rows(shape), min_size=1, max_size=3))]
    assert told(write(tmp_path_factory.mktemp("rows") / "train.jsonl", held)) == shape


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("junk", JUNK, ids=lambda text: text[:20])
def test_a_bad_first_row_decides_nothing(shape, junk, tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join([junk, json.dumps(ROWS[shape]), junk]), encoding="utf-8")
    assert told(path) == shape


def test_many_bad_rows_first_decide_nothing(tmp_path):
    lines = ["oops", "{}", '{"note": 1}'] * 300 + [json.dumps(ROWS["axolotl"])]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    assert told(tmp_path / "train.jsonl") == "axolotl"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_first_row_of_another_shape_decides_nothing(shape, tmp_path):
    for other in ROWS.values():
        held = [other, ROWS[shape], ROWS[shape]]
        assert told(write(tmp_path / "train.jsonl", held)) == shape


def test_fields_that_are_not_asked_for_do_not_matter(tmp_path):
    extra = {"source": "x", "id": 5, "score_chosen": 1.5, "meta": {"a": [1]}, "messages": [{}]}
    for shape, row in ROWS.items():
        assert told(write(tmp_path / "train.jsonl", [{**extra, **row}])) == shape


def test_null_is_as_good_as_absent(tmp_path):
    row = {**dict.fromkeys(["prompt", "instruction", "conversations", "label"]), **HH}
    assert told(write(tmp_path / "train.jsonl", [row])) == "hh"


def test_transcripts_are_hh_whatever_stands_beside(tmp_path):
    row = {**HH, "prompt": "\n\nHuman: Hi?\n\nAssistant:", "instruction": "Hi?"}
    broken = {"chosen": "x", "rejected": "y"}
    assert told(write(tmp_path / "train.jsonl", [broken, broken, row])) == "hh"


@pytest.mark.parametrize("text", ["", "\n \n", "oops\n", "{}\n", "[]", "[", '{"a": 1', "[[[[[[["])
def test_where_nothing_can_be_read_nothing_is_told(text, tmp_path):
    (tmp_path / "train.jsonl").write_text(text)
    file = source_file(tmp_path / "train.jsonl")
    assert recognise(file) is None
    assert choose([file]).name == "hh"


def test_content_that_is_messages_in_parts_is_still_told(tmp_path):
    """Its rows are then refused one by one, in words."""
    parts = [{"role": "user", "content": [{"type": "image"}]}]
    row = {"prompt": parts, "chosen": parts, "rejected": parts}
    assert told(write(tmp_path / "train.jsonl", [row])) == "trl"


@pytest.mark.parametrize(
    ("row", "message", "hint"),
    [
        ({"question": "a", "answers": []}, r"no shape that is known; their fields: question, ans",
         "--from NAME"),
        ({"prompt": {}, "chosen": [], "rejected": []}, "no shape that is known", "ms-swift: mess"),
        ({"chosen": 5, "rejected": "b"}, "their fields: chosen, rejected", "openai: input {mes"),
        ({"chosen": "Yes.", "rejected": "No."}, "could only be guessed", "--from hh"),
    ],
)  # fmt: skip
def test_what_has_no_shape(row, message, hint, tmp_path):
    path = write(tmp_path / "train.jsonl", [row, row])
    with pytest.raises(SourceError, match=message) as caught:
        recognise(source_file(path))
    assert hint in caught.value.hint
    with pytest.raises(SourceError, match=message):
        pairsmith.build(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_many_fields_are_not_all_listed(tmp_path):
    path = write(tmp_path / "train.jsonl", [{f"field{n}": n for n in range(50)}])
    with pytest.raises(SourceError, match="field11, …") as caught:
        recognise(source_file(path))
    assert len(caught.value.message) < 300


def test_a_first_row_that_is_longer_than_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(json_text, "SAMPLE_BYTES", (50, 1 << 20))
    for ending in ("jsonl", "json", "jsonl.gz"):
        assert told(write(tmp_path / f"train.{ending}", [example("trl", "x" * 200)])) == "trl"


def test_how_a_file_is_compressed_does_not_matter(tmp_path, monkeypatch):
    """The sample ends at a byte of the content, not with a chunk."""
    monkeypatch.setattr(json_text, "SAMPLE_BYTES", (400, 400))
    held = [ROWS["trl"]] + [ROWS["axolotl"]] * 400
    lines = "".join(json.dumps(row) + "\n" for row in held).encode()
    (tmp_path / "train.jsonl").write_bytes(lines)
    (tmp_path / "train.jsonl.gz").write_bytes(
        b"".join(gzip.compress(x) for x in (lines[:9], lines[9:]))
    )
    assert told(tmp_path / "train.jsonl") == told(tmp_path / "train.jsonl.gz")


def test_a_damaged_file_is_told_by_what_comes_before(tmp_path):
    path = write(tmp_path / "train.jsonl.gz", [ROWS["openai"]] * 3000)
    path.write_bytes(path.read_bytes()[:-30])
    assert told(path) == "openai"
    path.write_bytes(b"no gzip")
    assert told(path) is None


def test_a_name_is_taken_at_its_word(tmp_path):
    file = source_file(write(tmp_path / "train.jsonl", [HH]))
    assert choose([file], "trl").name == "trl"
    with pytest.raises(RecipeError, match="There is no shape 'alpacca'") as caught:
        choose([file], "alpacca")
    assert caught.value.hint.startswith("Shapes: auto, hh, hh-prompt, trl, ")


def test_files_that_differ_in_shape(tmp_path):
    files = [
        source_file(write(tmp_path / "train.jsonl", [ROWS["trl"]])),
        source_file(write(tmp_path / "test.jsonl", [ROWS["openai"]])),
        source_file(write(tmp_path / "empty.jsonl", [])),
    ]
    with pytest.raises(SourceError, match=r"differ in shape: train\.jsonl trl, test\.jsonl openai"):
        choose(files)
    assert choose(files[1:]).name == "openai"


def test_a_build_says_its_shape(tmp_path):
    path = write(tmp_path / "train.jsonl", [HALVED])
    built = pairsmith.build(path, tmp_path / "out", template="llama2")
    assert built.recipe.shape == "hh-prompt"
    assert built.to_dict()["recipe"]["from"] == "hh-prompt"
    assert built.totals.kept == 1
    assert pairsmith.check(tmp_path / "out") == []
    assert pairsmith.build("sample", tmp_path / "sample").recipe.shape == "hh"


def test_the_origin_is_claimed_for_transcripts_in_the_layout_alone(tmp_path):
    folder = tmp_path / "helpful-base"
    folder.mkdir()
    for row, origin in [(HH, "hh-rlhf"), (HALVED, "other")]:
        write(folder / "train.jsonl", [row])
        built = pairsmith.build(folder, tmp_path / "out", force=True)
        assert built.recipe.origin == origin


def test_fields_that_are_left_out_are_counted(tmp_path):
    row = {"topic": "verse", "prompt": "q", "chosen": "g", "rejected": "b", "score": 1}
    built = pairsmith.build(write(tmp_path / "train.jsonl", [row]), tmp_path / "out")
    assert built.totals.fields == {
        "chosen": {"used": 1},
        "prompt": {"used": 1},
        "rejected": {"used": 1},
        "score": {"left_out": 1},
        "topic": {"left_out": 1},
    }


def test_a_prompt_in_another_form_is_not_one_that_is_missing(tmp_path):
    row = {"prompt": [{"role": "user", "content": "q"}], "chosen": "g", "rejected": "b"}
    with pytest.raises(SourceError, match="no shape that is known; their fields: prompt, chosen"):
        told(write(tmp_path / "train.jsonl", [row]))
