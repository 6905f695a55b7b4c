"""What `datasets` loads of an export is what its lines say, with their types, old and new."""

import json
import subprocess
import sys
from collections import Counter

import pyarrow as pa
import pytest

import pairsmith
from pairsmith.exporting import TRAINERS, write
from pairsmith.exporting.features import RowKinds
from pairsmith.exporting.format import ExportedFile
from pairsmith.exporting.pair import Layout, read_pair
from pairsmith.exporting.readme import write_readme
from support.exported import lines_of
from support.hub.clients import FOLDERS, environment_of
from support.rich import PLAIN, as_row, rows
from support.slow import quick, slow

pytest.importorskip("datasets")

LOAD = """
import json, sys
from datasets import load_dataset
for line in sys.stdin:
    path, cache, *name = json.loads(line)
    held = load_dataset(path, *name, cache_dir=cache)
    types = {name: repr(type) for name, type in next(iter(held.values())).features.items()}
    print(json.dumps([{split: held[split].to_list() for split in held}, types]), flush=True)
"""


@pytest.fixture(scope="module", params=quick(FOLDERS))
def loader(request, tmp_path_factory):
    """A process with one version of `datasets`, which loads what it is told line by line."""
    home = tmp_path_factory.mktemp("home")
    environment = environment_of(request.param, home, "http://127.0.0.1:9")
    with (
        (home / "errors.txt").open("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-c", LOAD],
            env={**environment, "HF_HUB_OFFLINE": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process,
    ):  # fmt: skip

        def run(*words):
            print(json.dumps(list(map(str, words))), file=process.stdin, flush=True)
            answer = process.stdout.readline()
            assert answer, (home / "errors.txt").read_text(encoding="utf-8")
            return json.loads(answer)

        yield run


@pytest.fixture
def load(loader, tmp_path):
    """Loads with one version of `datasets`: the rows by split, and the types as it writes them."""
    return lambda path, *name: loader(path, tmp_path / "cache", *name)


def write_pairs(folder, trainer, held, layout):
    """Writes an export of hand-made rows of shards, and gives its lines."""
    pairs = [read_pair(row, layout) for row in held]
    format, kinds = TRAINERS[trainer], RowKinds()
    lines = write.with_carried(
        format.rows(write._fit(pairs, format, write.LeftOutCounts(Counter(), {}))), pairs, format
    )
    path = folder / "tea" / "train.jsonl"
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        write._write(file, lines)
    kinds.add(lines)
    made = ExportedFile("tea", "train", "tea/train.jsonl", len(pairs), len(lines), tuple(lines[0]))
    write_readme(folder, trainer, [made], kinds)
    return lines


DATES = [
    {"prompt": "When do I sow basil?", "chosen": "2026-04-01", "rejected": "2026-12-24T10:00:00Z"},
    {"prompt": "When do I cut lavender?", "chosen": "2026-08-15", "rejected": "2026-01-01"},
]


@pytest.mark.parametrize("trainer", quick(TRAINERS))
def test_dates_stay_text(trainer, tmp_path, load):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in DATES))
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out", subset="tea")
    pairsmith.export(tmp_path / "out", tmp_path / "export", trainer=trainer)
    lines = lines_of(tmp_path / "export" / "tea" / "train.jsonl")
    loaded, types = load(tmp_path / "export")
    assert loaded == {"train": lines}
    assert load(tmp_path / "export", "tea")[0] == loaded
    assert "timestamp" not in json.dumps(types)


@slow
@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_sample(trainer, sample_system, tmp_path, load):
    written = pairsmith.export(sample_system, tmp_path / "export", trainer=trainer)
    loaded, _ = load(tmp_path / "export")
    expected = {}
    for file in written.files:
        expected.setdefault(file.split, []).extend(lines_of(tmp_path / "export" / file.path))
    assert loaded == expected
    one, _ = load(tmp_path / "export", "helpful-base")
    assert one["test"] == lines_of(tmp_path / "export" / "helpful-base" / "test.jsonl")


@slow
def test_another_export_in_a_folder_of_the_same_name(tmp_path, load):
    for answer in ("Daily.", "Weekly."):
        row = {"prompt": "How often do I water mint?", "chosen": answer, "rejected": "Never."}
        (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
        pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out", force=True)
        pairsmith.export(tmp_path / "out", tmp_path / answer / "export", trainer="trl")
        loaded, _ = load(tmp_path / answer / "export")
        assert loaded["train"][0]["chosen"][0]["content"] == answer


@slow
def test_carried_columns_keep_their_types(tmp_path, load):
    more = {"day": "2026-01-31", "score": 2.0, "votes": 3, "checked": True, "margin": 1.0}
    held = [as_row(f"tea/train/{n}", *PLAIN, **more) for n in (1, 2)]
    lines = write_pairs(tmp_path / "export", "trl-reward", held, Layout(margin=True))
    loaded, types = load(tmp_path / "export")
    assert loaded == {"train": lines}
    dtypes = {name: types[name].split("'")[1] for name in (*more, "id")}
    assert dtypes == {
        "day": "string", "score": "float64", "votes": "int64", "checked": "bool",
        "margin": "float64", "id": "string",
    }  # fmt: skip


def test_what_is_null_has_the_type_of_its_column():
    kinds = RowKinds()
    kinds.add([{"id": "a", "score": None}])
    kinds.know(pa.schema([("score", pa.float64()), ("elsewhere", pa.int64())]))
    assert kinds.kinds == {"id": "string", "score": "float64"}


@pytest.mark.parametrize("trainer", quick(["trl", "trl-reward", "trl-kto", "ms-swift", "openai"]))
def test_messages_of_many_fields_come_as_they_were_written(trainer, tmp_path):
    """No field is there as null that was not written, in versions that know JSON as a type."""
    import datasets

    layout = Layout(tools=True, several=True)
    lines = write_pairs(tmp_path / "export", trainer, rows(), layout)
    loaded = datasets.load_dataset(str(tmp_path / "export"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].to_list() == lines
