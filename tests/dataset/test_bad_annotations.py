"""Annotations that are refused: what cannot be said, and what is not as it was written."""

import json
import math
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith import Annotator
from pairsmith.dataset import annotation_writer
from pairsmith.errors import AnnotationError, OutputError
from pairsmith.io.durable import sha256_of
from support.annotated import FIRST, ME, SAID, said_by, tree
from support.slow import quick


@pytest.fixture
def out(sample_messages, tmp_path):
    return shutil.copytree(sample_messages, tmp_path / "out")


# What is refused


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([{"id": "harmless-base/train/999"}], "no row 'harmless-base/train/999'"),
        ([{"id": "harmless-base/train/0"}], "no row"),
        ([{"id": "harmless-base/train/01"}], "no row"),
        ([{"id": f"{FIRST}\n"}], "no row"),
        ([{"id": "elsewhere/train/1"}], "no row"),
        ([{"id": "1"}], "no row '1'"),
        ([{"id": FIRST}, {"id": None}], "no id"),
        ([{"label": "a"}], "no id"),
        ([{"id": 3}], "id holds int64"),
        ([{"id": FIRST, "score": math.nan}], f"{FIRST} is nan"),
        ([{"id": FIRST, "score": -math.inf}], "is -inf"),
        ([{"id": FIRST, "score": "0.5"}], "score holds string"),
        ([{"id": FIRST, "score": True}], "score holds bool"),
        ([{"id": FIRST, "score": 2**60 + 1}], "outside of the range"),
        ([{"id": FIRST, "label": 1}], "label holds int64"),
        ([{"id": FIRST, "detail": ["a"]}], "detail holds list"),
        ([{"id": FIRST, "own": object()}], "'own' holds"),
        (["text"], "A statement is str"),
        ([pa.record_batch({"id": [FIRST]}), {"id": FIRST}], "is dict"),
        ([pa.record_batch({"id": [FIRST]}), pa.record_batch({"id": [FIRST], "x": [1]})], "after"),
        (pa.table([["a"], ["b"]], names=["id", "id"]), "'id' twice"),
    ],
)
def test_statements_that_are_none_are_refused_and_nothing_changes(out, given, said):
    for earlier in (False, True):
        if earlier:
            pairsmith.annotate(out, "mine", SAID, ME)
        before = tree(out)
        with pytest.raises(AnnotationError, match=said):
            pairsmith.annotate(out, "mine", given, ME)
        assert tree(out) == before
        assert (out / "annotations").exists() == earlier


def test_types_that_change_far_down_are_refused(out):
    many = [{"id": FIRST, "own": 1}] * 10_000
    for last, said in (({"id": FIRST, "own": "a"}, "not a table"), ({"id": FIRST, "b": 1}, "'b'")):
        with pytest.raises(AnnotationError, match=said):
            pairsmith.annotate(out, "mine", [*many, last], ME)
    assert not (out / "annotations").exists()


def test_a_label_is_one_of_few(out, monkeypatch):
    monkeypatch.setattr(annotation_writer, "LABELS", 5)
    with pytest.raises(AnnotationError, match="more than 5 labels"):
        pairsmith.annotate(out, "mine", [{"id": FIRST, "label": str(n)} for n in range(6)], ME)


@pytest.mark.parametrize("name", ["../x", "", ".", "a/b", "A", "-a", "a" * 65, "a\n", None])
def test_a_name_that_is_none(out, name):
    before = tree(out)
    for function in (
        pairsmith.read_annotation,
        lambda o, n: pairsmith.annotate(o, n, SAID, ME),
    ):
        with pytest.raises(AnnotationError, match="cannot name an annotation"):
            function(out, name)
    assert tree(out) == before


@pytest.mark.parametrize(
    ("annotator", "said"),
    [
        (Annotator("", "1"), "name is ''"),
        (Annotator("a", 1), "version is 1"),
        (Annotator("a", "1", recipe={"a": math.nan}), "not JSON"),
        (Annotator("a", "1", recipe=["a"]), "not a JSON object"),
        (Annotator("a", "1", recipe={"a": {1}}), "not JSON"),
        (Annotator("a", "1", actions={"x": "burn"}), "no action 'burn'"),
        (Annotator("a", "1", actions=["x"]), "not by label"),
        (Annotator("a", "1", reasons={"x": "malformed"}), "no reason 'malformed'"),
        (Annotator("a", "1", {}, {"x": "flip"}, {"x": "leak"}), "not dropped"),
    ],
)
def test_an_annotator_that_is_none(out, annotator, said):
    with pytest.raises(AnnotationError, match=said):
        pairsmith.annotate(out, "mine", SAID, annotator)
    assert not (out / "annotations").exists()


@pytest.mark.parametrize("count", [79, 10**6, -1, 1.5])
def test_rows_of_which_nothing_is_said_add_up(out, count):
    with pytest.raises(AnnotationError, match="rows are said to|counted by why"):
        pairsmith.annotate(out, "mine", SAID, ME, not_said={"too long": count})
    assert not (out / "annotations").exists()


def test_links_and_files_in_the_way(out, tmp_path):
    elsewhere = pairsmith.annotate(out, "mine", SAID, ME).folder.rename(tmp_path / "mine")
    (out / "annotations/mine").symlink_to(elsewhere)
    before = tree(tmp_path)
    for function in (
        pairsmith.read_annotation,
        lambda o, n: pairsmith.annotate(o, n, SAID, ME),
    ):
        with pytest.raises(AnnotationError, match="is not a folder"):
            function(out, "mine")
    (out / "annotations/mine").unlink()
    (out / "annotations").rmdir()
    (out / "annotations").write_text("mine")
    with pytest.raises(AnnotationError, match="is not a folder"):
        pairsmith.annotate(out, "mine", SAID, ME)
    (out / "annotations").unlink()
    assert tree(tmp_path) == before


def test_no_build_and_a_url(tmp_path):
    for function in (pairsmith.list_annotations, lambda out: pairsmith.read_annotation(out, "a")):
        with pytest.raises(OutputError, match="There is no folder"):
            function(tmp_path / "nowhere")
        with pytest.raises(OutputError, match="is a URL"):
            function("memory://somewhere")


def test_a_subset_called_annotations_is_refused(tmp_path):
    (tmp_path / "train.jsonl").write_text("{}\n")
    with pytest.raises(pairsmith.PairsmithError, match="'annotations' cannot name a subset"):
        pairsmith.build(tmp_path / "train.jsonl", tmp_path / "x", subset="annotations")


# What is damaged


def other_columns(folder, part):
    pq.write_table(pa.table({"id": [FIRST]}), folder / part)
    relist(folder, part)


def other_numbers(folder, part):
    table = pq.read_table(folder / part)
    pq.write_table(table.set_column(2, "score", pa.array([math.nan] * 3)), folder / part)
    relist(folder, part)


def relist(folder, part):
    """Has the manifest tell of a part as it is."""
    held = json.loads((folder / "manifest.json").read_text())
    size, sha256 = (folder / part).stat().st_size, sha256_of(folder / part)
    held["files"][0].update(bytes=size, sha256=sha256)
    (folder / "manifest.json").write_text(json.dumps(held))


def retold(**changes):
    def harm(folder, _):
        held = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**held, **changes}))

    return harm


def linked(folder, part):
    (folder / part).rename(folder / "moved")
    (folder / part).symlink_to(folder / "moved")


HARMS = {
    "no manifest": (lambda f, _: (f / "manifest.json").unlink(), "manifest.json is missing"),
    "no part": (lambda f, part: (f / part).unlink(), "is missing"),
    "a link": (linked, "is missing"),
    "cut short": (lambda f, part: (f / part).write_bytes(b"PAR1"), "not as it was written"),
    "other columns": (other_columns, "other columns"),
    "other numbers": (other_numbers, "is nan"),
    "no JSON": (lambda f, _: (f / "manifest.json").write_text("{"), "cannot? ?read|can read"),
    "a list": (lambda f, _: (f / "manifest.json").write_text("[]"), "can read"),
    "another format": (retold(format=2), "its format is 2"),
    "another name": (retold(name="other"), "is of the annotation other"),
    "a path": (
        retold(files=[{"path": "../x", "rows": 1, "bytes": 1, "sha256": ""}]),
        r"lists '\.\.",
    ),
    "no files": (retold(files=[]), "lists no files"),
    "counts": (retold(labels={"a": "many"}), "another type"),
    "another action": (retold(actions={"a": "burn"}), "burn"),
    "a field too many": (retold(annotator={"name": "a", "version": "1", "x": 1}), "can read"),
    "a field missing": (retold(rows={}), "said"),
}


@pytest.mark.parametrize("harm", quick(HARMS, *list(HARMS)[::2]))
def test_what_is_damaged_is_named_and_the_build_is_whole(out, harm):
    written = pairsmith.annotate(out, "mine", SAID, ME)
    change, said = HARMS[harm]
    change(written.folder, written.files[0].path)
    with pytest.raises(AnnotationError, match=said):
        said_by(pairsmith.read_annotation(out, "mine"))
    assert pairsmith.check(out) == []
    pairsmith.annotate(out, "mine", SAID, ME)
    assert said_by(pairsmith.read_annotation(out, "mine")) == SAID


def test_an_annotation_that_is_not_there_names_those_that_are(out):
    pairsmith.annotate(out, "mine", SAID, ME)
    with pytest.raises(AnnotationError, match=r"no annotation (.|\n)*There are: mine"):
        pairsmith.read_annotation(out, "yours")
    with pytest.raises(AnnotationError, match=r"no label 'worse'(.|\n)*bad, good"):
        said_by(pairsmith.read_annotation(out, "mine"), label="worse")
