"""What changed since a build was broken off is named: files, recipes, versions, plans."""

import json

import pytest

from pairsmith.dataset import checkpoint
from pairsmith.errors import OutputError
from support.broken import Killed, begun, build, finished, fresh
from support.mixture import hashes, line
from support.slow import quick, slow


def change_a_row(path):
    path.write_bytes(path.read_bytes().replace(b"3 miles", b"9 miles", 1))


def put_a_row_first(path):
    path.write_bytes(line(777) + b"\n" + path.read_bytes())


def cut_off_rows(path):
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:50]))


@pytest.mark.parametrize("workers", quick([1, 2]))
@pytest.mark.parametrize("change", quick([change_a_row, put_a_row_first, cut_off_rows]))
def test_a_changed_input_is_named_and_built_anew(broken, tmp_path, change, workers):
    source, out, _ = broken
    change(source)
    built = build(source, out, workers=workers)
    said = "train.jsonl has changed since the build was broken off: built anew."
    assert said in built.remarks
    assert hashes(out) == fresh(source, tmp_path)


def test_an_unchanged_input_is_not_named(broken):
    source, out, usual = broken
    kept = begun(out)
    assert not any("changed" in said for said in build(source, out).remarks)
    assert hashes(out) == usual
    held = finished(out)
    assert {name: held[name] for name in kept} == kept


@pytest.mark.parametrize("rows", quick([200, 190], 190), ids=["full-shards", "a-short-last-shard"])
@pytest.mark.parametrize("noted", quick([True, False]))
@pytest.mark.parametrize("workers", quick([1, 2]))
def test_a_file_that_grew_after_its_shards_were_finished(
    tmp_path, monkeypatch, rows, noted, workers
):
    """A last shard of fewer rows has to take the new ones."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "test.jsonl").write_bytes(line(1) + b"\n")
    path = folder / "train.jsonl"
    path.write_bytes(b"\n".join(line(number) for number in range(rows)) + b"\n")
    real = checkpoint.record_source

    def die(staging, file, source):
        if noted:
            real(staging, file, source)
        if file.split == "train":
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "record_source", die)
        build(folder, out)
    kept = begun(out)
    with path.open("ab") as file:
        file.write(b"\n".join(line(number) for number in range(900, 930)))
    built = build(folder, out, workers=workers)
    assert built.totals.read == rows + 31
    assert hashes(out) == fresh(folder, tmp_path)
    held = finished(out)
    assert held["pairs/train-00000"] == kept["pairs/train-00000"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"template": "chatml"}, "another recipe (template differ)"),
        pytest.param({"shard_rows": 41}, "another recipe (shard_rows differ)", marks=slow),
        pytest.param({"system": "Be kind."}, "another recipe (system differ)", marks=slow),
    ],
)
def test_another_recipe_is_refused(broken, tmp_path, options, said):
    source, out, _ = broken
    before = hashes(out)
    with pytest.raises(OutputError, match="holds an unfinished build of") as caught:
        build(source, out, **options)
    assert said in caught.value.message
    assert "--force starts anew" in caught.value.hint
    after = hashes(out)
    assert {**after, "unfinished/holder.txt": ""} == {**before, "unfinished/holder.txt": ""}
    build(source, out, **options, force=True)
    assert hashes(out) == fresh(source, tmp_path, **options)


def test_other_files_are_refused(broken, tmp_path):
    source, out, _ = broken
    other = source.with_name("test.jsonl")
    source.rename(other)
    with pytest.raises(OutputError, match=r"an unfinished build of other files: train\.jsonl"):
        build(other, out)
    build(other, out, force=True)
    assert hashes(out) == fresh(other, tmp_path)


@pytest.mark.parametrize("name", quick(["pairsmith", "pyarrow"]))
def test_another_version_is_refused(broken, name):
    source, out, usual = broken
    path = out / "unfinished" / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: "0.0"}))
    before = begun(out)
    with pytest.raises(OutputError, match=f"another version of .*{name}"):
        build(source, out)
    assert begun(out) == before
    build(source, out, force=True)
    assert hashes(out) == usual


@pytest.mark.parametrize(
    "change",
    quick(
        [{"inputs": 5}, {"recipe": [1]}, {"recipe": {}}, {"compiled": "odd"}, {"inputs": None}],
        {"recipe": [1]},
        {"compiled": "odd"},
    ),
)
def test_an_odd_plan_is_refused_or_believed_but_does_no_harm(broken, change):
    source, out, usual = broken
    path = out / "unfinished" / "plan.json"
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | change))
    try:
        build(source, out)
    except OutputError:
        build(source, out, force=True)
    assert hashes(out) == usual


def test_a_plan_without_a_field_does_no_harm(broken):
    source, out, usual = broken
    path = out / "unfinished" / "plan.json"
    held = json.loads(path.read_text())
    del held["compiled"]
    path.write_text(json.dumps(held))
    build(source, out)
    assert hashes(out) == usual
