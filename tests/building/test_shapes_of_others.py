"""docs/how-to/my-data.md: each of its commands is run, on a small file with the fields it names."""

import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import pairsmith
from pairsmith.cli import app
from pairsmith.errors import PairsmithError
from support.annotated_shapes import ANNOTATED
from support.built import contents_of, ledger_of, pair_of, paths_in, refused_of, shards_of
from support.public_shapes import ASKED, BAD, FAIR, GOOD, PUBLIC, Public
from support.slow import quick, slow
from support.thinking_shapes import THINKING

ROOT = Path(__file__).parents[2]
SHAPES = ROOT.parent / "shared" / "SHAPES.md"
PAGE = (ROOT / "docs/how-to/my-data.md").read_text(encoding="utf-8")
LINE = re.compile(r"^\| (.+?) \| (.+?) \| `(pairsmith build data out[^`]*)` \| (.+) \|$", re.M)
SAID = re.compile(r"^\| ([^|]+?) \| `(pairsmith build data out[^`]*)` \|$", re.M)
ROWS = {**PUBLIC, **ANNOTATED, **THINKING}
OTHERS = {
    "HelpSteer2 (preference)": "HelpSteer2 preference",
    "HelpSteer2 (ratings)": "HelpSteer2 ratings",
    "truthy-dpo-v0.1": "truthy-dpo",
    "Label Studio, pairwise": "Label Studio",
}
"""Names of the page whose rows have another."""

LAYOUTS = {
    "HuggingFaceH4/ultrafeedback_binarized": [
        "data/train_prefs-00000-of-00001",
        "data/test_prefs-00000-of-00001",
    ],
}
"""Where files lie, if not in `train`."""


class Line(NamedTuple):
    """A line of the page: a data set, the command for it, and the shape that it is read in."""

    name: str
    command: str
    shape: str

    @property
    def public(self) -> Public:
        """Rows of it."""
        found = [self.name, re.split(r"[/ ]", self.name, maxsplit=1)[-1]]
        found += [OTHERS.get(name, "") for name in found]
        return next(ROWS[name] for name in found if name in ROWS)


LINES = {
    name: Line(name, command, re.search("`([a-z-]+)`", what)[1])
    for name, _, command, what in LINE.findall(PAGE)
}
GROUPED = "rows", "tree"
QUICK = (
    "PKU-Alignment/PKU-SafeRLHF",
    "argilla/dpo-mix-7k",
    "OpenAssistant/oasst2",
    "agent pairs",
    "HuggingFaceH4/ultrafeedback_binarized",
)


def write(folder, rows, ending, stems=("train",)):
    """A folder `data` with files of these rows; skips where a table cannot hold them."""
    for stem in stems:
        path = folder / "data" / f"{stem}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if ending == "parquet":
            try:
                pq.write_table(pa.Table.from_pylist(rows), path)
            except pa.ArrowInvalid:
                pytest.skip("fields of more than one type")
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def run(command, folder, monkeypatch):
    """A command of the page, as it stands there."""
    monkeypatch.chdir(folder)
    program, *words = shlex.split(command)
    assert program == "pairsmith"
    return CliRunner().invoke(app, words)


def build(line, folder, ending, monkeypatch):
    stems = LAYOUTS.get(line.name, ["train"])
    write(folder, line.public.rows, ending, stems)
    done = run(line.command, folder, monkeypatch)
    assert done.exit_code == 0, done.output
    assert pairsmith.check(folder / "out") == []
    return len(stems)


def said(row):
    """A row of a shard as the contents of the prompt, and of the replies, one a line."""
    prompt, *replies, _ = pair_of(row)
    texts = ("\n".join(message["content"] for message in reply) for reply in replies)
    return tuple(message["content"] for message in prompt), *texts


def check(line, out, times):
    """What holds of a build of the rows of a line, however they were written, so many times."""
    told = [outcome for outcomes in line.public.expected for outcome in outcomes]
    kept = [outcome for outcome in told if not isinstance(outcome, str)]
    reasons = [outcome for outcome in told if isinstance(outcome, str)]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["recipe"]["from"] == line.shape == line.public.shape
    assert [row["reason"] for row in refused_of(out)] == reasons * times
    rows = shards_of(out)
    assert len(rows) == len(kept) * times
    for row, (prompt, *replies) in zip(rows, kept * times, strict=True):
        if not isinstance(row["prompt"], str):
            assert said(row) == (prompt, *replies)
            continue
        assert all(text in row["prompt"] for text in prompt)
        assert all(text in row[side] for side, text in zip(("chosen", "rejected"), replies))  # noqa: B905
    ledger = ledger_of(out)
    assert sum(entry["rows"] for entry in ledger) == len(line.public.rows) * times
    there = [path for row in line.public.rows for path in paths_in(row)] * times
    counted = [uses for entry in ledger for uses in entry["fields"].values()]
    assert sum(sum(uses.values()) for uses in counted) == len(there)


def test_every_line_of_the_shapes_of_others_is_on_the_page():
    if not SHAPES.is_file():
        pytest.skip("the list of shapes is not beside the repository, in ../shared/SHAPES.md")
    named = re.findall(r"^\| ([^|]+?) \|", SHAPES.read_text(encoding="utf-8"), re.M)[2:]
    split = {
        "trl-lib/kto-mix-14k, LLaMA-Factory kto_en_demo": [
            "trl-lib/kto-mix-14k", "LLaMA-Factory kto_en_demo",
        ],
        "Together, OpenAI preference": ["Together preference", "OpenAI preference"],
        "reasoning pairs": ["`<think>` in replies", "`reasoning_content` beside `content`"],
        "Argilla records": ["Argilla choices", "Argilla rankings", "Argilla ratings"],
    }  # fmt: skip
    assert len(named) == 35
    wanted = {name for line in named for name in split.get(line, [line])}
    assert wanted == set(LINES)


def test_every_row_of_the_test_has_a_line():
    assert len({id(line.public) for line in LINES.values()}) == len(ROWS) == len(LINES)


@pytest.mark.parametrize("name", quick(LINES, *QUICK))
def test_a_command_of_the_page_on_json_lines(name, tmp_path, monkeypatch):
    times = build(LINES[name], tmp_path, "jsonl", monkeypatch)
    check(LINES[name], tmp_path / "out", times)


@slow
@pytest.mark.parametrize("name", LINES)
def test_a_command_of_the_page_on_parquet(name, tmp_path, monkeypatch):
    times = build(LINES[name], tmp_path, "parquet", monkeypatch)
    check(LINES[name], tmp_path / "out", times)


@slow
@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize("name", LINES)
def test_rows_are_counted_as_datasets_counts_them(name, ending, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    build(LINES[name], tmp_path, ending, monkeypatch)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    loaded = datasets.load_dataset(str(tmp_path / "data"), cache_dir=str(tmp_path / "cache"))
    assert sum(loaded.num_rows.values()) == sum(file["rows"] for file in manifest["inputs"])
    if not any("split" in row for row in LINES[name].public.rows):  # which splits by itself
        splits = {entry["split"]: entry["rows"] for entry in manifest["ledger"]}
        assert splits == loaded.num_rows


def test_what_goes_along_is_a_column(tmp_path, monkeypatch):
    names = {"Skywork-Reward-Preference-80K": ("source", "s"), "argilla/dpo-mix-7k": ("margin", 2)}
    for name, (column, value) in names.items():
        folder = tmp_path / column
        build(LINES[name], folder, "jsonl", monkeypatch)
        assert [row[column] for row in shards_of(folder / "out")] == [value]


ANSWERS = [("first", 1), ("second", 2), ("third", 3)]
RANKING = {"prompt": ASKED, "answers": [{"answer": text, "rank": n} for text, n in ANSWERS]}
RATED = [{"text": GOOD, "score": 5}, {"text": BAD, "score": 4}]
TEXTS = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD}
SAFER = [{**row, "safer_response_id": 0} for row in PUBLIC["PKU-SafeRLHF"].rows]
TO_SAY: dict[str, tuple[list[Any], list[Any]]] = {
    "HelpSteer2's rows compared by correctness": (
        PUBLIC["HelpSteer2 ratings"].rows,
        [(BAD, GOOD), "unpaired"],
    ),
    "UltraFeedback's other score": (PUBLIC["UltraFeedback"].rows, [(BAD, GOOD)]),
    "PKU-SafeRLHF's safer replies": (SAFER, [(BAD, GOOD)]),
    "each reply of a ranking against each other one": (
        [RANKING],
        [("first", "second"), ("first", "third"), ("second", "third")],
    ),
    "the best reply against each other one": (
        [RANKING],
        [("first", "second"), ("first", "third")],
    ),
    "each reply against the next in rank": ([RANKING], [("first", "second"), ("second", "third")]),
    "only clear cases, where ratings differ by 2 or more": (
        [{"prompt": ASKED, "answers": RATED}, {"prompt": FAIR, "answers": [RATED[0], {
            "text": "No.", "score": 1}]}],
        ["small_margin", (GOOD, "No.")],
    ),
    "`headline`, `winning_text`, `losing_text`": (
        [{"headline": ASKED, "winning_text": GOOD, "losing_text": BAD}],
        [(GOOD, BAD)],
    ),
    "`title`, `body`, `good`, `bad`": (
        [{"title": ASKED, "body": "It wilts.", "good": GOOD, "bad": BAD}],
        [(GOOD, BAD)],
    ),
    "`data` {`q`, `first`, `second`}, `pick` 1 or 2": (
        [{"data": {"q": ASKED, "first": BAD, "second": GOOD}, "pick": 2}],
        [(GOOD, BAD)],
    ),
    "`q`, `drafts` of {`body`, `stars`}": (
        [{"q": ASKED, "drafts": [{"body": BAD, "stars": 1}, {"body": GOOD, "stars": 5}]}],
        [(GOOD, BAD)],
    ),
    "`q`, `draft`, `thumb`": (
        [{"q": ASKED, "draft": BAD, "thumb": 0}, {"q": ASKED, "draft": GOOD, "thumb": 1}],
        [(GOOD, BAD)],
    ),
    "`prompt`, `chosen`, `rejected`, and a `context` that the prompt is about": (
        [{**TEXTS, "context": "It was watered."}],
        [(GOOD, BAD)],
    ),
    "the same, and the `context` is of no account": (
        [{**TEXTS, "context": "It was watered."}],
        [(GOOD, BAD)],
    ),
}  # fmt: skip
"""What the page has a command for: rows, and the comparisons that it makes of them."""


def test_every_command_to_say_is_tested():
    assert [name for name, _ in SAID.findall(PAGE)] == list(TO_SAY)


@pytest.mark.parametrize(("name", "command"), SAID.findall(PAGE))
def test_what_can_be_said(name, command, tmp_path, monkeypatch):
    rows, expected = TO_SAY[name]
    write(tmp_path, rows, "jsonl")
    done = run(command, tmp_path, monkeypatch)
    assert done.exit_code == 0, done.output
    held = shards_of(tmp_path / "out")
    assert [said(row)[1:] for row in held] == [one for one in expected if isinstance(one, tuple)]
    reasons = [row["reason"] for row in refused_of(tmp_path / "out")]
    assert reasons == [one for one in expected if isinstance(one, str)]
    first = "\n".join(contents_of(pair_of(held[0])[0]))
    assert ("It was watered." in first) == ("input=" in command)
    assert ("It wilts." in first) == ("+body" in command)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (PUBLIC["PKU-SafeRLHF"].rows, "--preference better or --preference safer"),
        ([{"headline": ASKED, "winning_text": GOOD, "losing_text": BAD}],
         "--columns prompt=headline,chosen=winning_text,rejected=losing_text"),
    ],
)  # fmt: skip
def test_what_must_be_said_is_asked_for(rows, words, tmp_path, monkeypatch):
    write(tmp_path, rows, "jsonl")
    done = run("pairsmith build data out", tmp_path, monkeypatch)
    assert isinstance(done.exception, PairsmithError)
    assert words in done.exception.hint
    assert not (tmp_path / "out").exists()


def test_a_document_that_no_role_is_named_for_is_named_with_what_to_type(tmp_path, monkeypatch):
    write(tmp_path, [{**TEXTS, "context": "It was watered."}], "jsonl")
    done = run("pairsmith build data out", tmp_path, monkeypatch)
    assert done.exit_code == 1
    assert "--columns left_out=FIELD" in done.output
    assert [row["reason"] for row in refused_of(tmp_path / "out")] == ["unread_content"]
