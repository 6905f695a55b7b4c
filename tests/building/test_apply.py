"""build --apply: rows that an annotation names are dropped, exchanged or marked, and no others."""

import json
import shutil

import numpy as np
import pytest

import pairsmith
from pairsmith import Annotator
from pairsmith.dataset.checkpoint import count_shards
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.row_ids import RowIds
from pairsmith.errors import AnnotationError, OutputError, RecipeError
from pairsmith.schema.reasons import DROPS
from pairsmith.schema.rows import CONFIDENCE
from support.annotated import tree
from support.defects import kept, refused, told, write_planted, write_source
from support.mixture import hashes
from support.slow import quick, slow

ME = Annotator("a reader", "1", actions={"wrong": "flip", "unsure": "smooth"})
TRAIN = [f"one/train/{number}" for number in range(1, 13)]
SAID = [
    {"id": TRAIN[0], "label": "odd", "detail": "it steers"},
    {"id": TRAIN[1], "label": "wrong", "score": 0.25},
    {"id": TRAIN[2], "label": "unsure", "score": 0.5},
    {"id": TRAIN[3], "label": "wrong"},
    {"id": TRAIN[3], "label": "odd", "detail": "again"},
    {"id": TRAIN[4], "detail": "no label"},
    {"id": "one/test/1", "label": "odd"},
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    train, test = [told(n) for n in range(12)], [told(100), told(101), {"chosen": 1}]
    return write_source(tmp_path_factory.mktemp("source") / "in", one_train=train, one_test=test)


@pytest.fixture(scope="module")
def annotated(source, tmp_path_factory):
    """A build with an annotation; not to be changed."""
    out = tmp_path_factory.mktemp("annotated") / "out"
    pairsmith.build(source, out)
    pairsmith.annotate(out, "mine", SAID, ME)
    return out


@pytest.fixture
def out(annotated, tmp_path):
    return shutil.copytree(annotated, tmp_path / "out")


def apply(source, out, *references, **options):
    return pairsmith.build(source, out, apply=references, force=True, **options)


# What is done


@pytest.mark.parametrize("template", [None, "llama2"])
def test_what_is_said_is_done_and_nothing_else(source, out, annotated, tmp_path, template):
    pairsmith.build(source, tmp_path / "plain", template=template)
    usual = kept(tmp_path / "plain")
    built = apply(source, out, "mine", template=template)
    dropped = {
        TRAIN[0]: "mine: odd, it steers", TRAIN[3]: "mine: odd, again",
        TRAIN[4]: "mine, no label", "one/test/1": "mine: odd",
    }  # fmt: skip
    assert refused(out) == {
        **refused(tmp_path / "plain"),
        **{id: ("annotated", detail) for id, detail in dropped.items()},
    }
    rows = kept(out)
    assert rows.keys() == usual.keys() - dropped.keys()
    changed = {TRAIN[1]: ("label_flipped", 0.25), TRAIN[2]: ("label_smoothed", 0.5)}
    for id, row in rows.items():
        note, confidence = changed.get(id, (None, 1.0))
        sides = ("rejected", "chosen") if note == "label_flipped" else ("chosen", "rejected")
        assert [row["chosen"], row["rejected"]] == [usual[id][side] for side in sides]
        assert row["prompt"] == usual[id]["prompt"]
        assert row["notes"] == usual[id]["notes"] + ([note] if note else [])
        assert row[CONFIDENCE] == confidence
    assert built.totals.quarantined == {"malformed": 1, "annotated": 4}
    assert all(entry.balances for entry in built.ledger)
    assert pairsmith.check(out) == []


def test_a_label_alone(source, out, tmp_path):
    apply(source, out, "mine:wrong")
    assert not {TRAIN[0], TRAIN[4]} & refused(out).keys()
    confidences = {id: row[CONFIDENCE] for id, row in kept(out).items() if row[CONFIDENCE] < 1}
    assert confidences == {TRAIN[1]: 0.25, TRAIN[3]: 0.0}
    apply(source, out, "mine:odd", "mine:unsure")
    assert refused(out).keys() == {TRAIN[0], TRAIN[3], "one/test/1", "one/test/3"}
    apply(source, out, "mine:odd")
    assert CONFIDENCE not in kept(out)[TRAIN[1]]


def test_rows_that_are_only_pointed_out_stay_unless_their_label_is_named(source, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    reader = Annotator("Ann", "1", actions={"worth reading": "leave"})
    pointed = [{"id": id, "label": "worth reading"} for id in TRAIN[:2]]
    pairsmith.annotate(out, "ann", [*pointed, {"id": TRAIN[2], "label": "wrong"}], reader)
    pairsmith.annotate(out, "pointed", pointed, reader)

    with pytest.raises(AnnotationError, match="only points out rows") as caught:
        apply(source, out, "pointed")
    assert "--apply pointed:LABEL, of worth reading." in caught.value.hint
    assert apply(source, out, "ann").totals.quarantined == {"malformed": 1, "annotated": 1}
    built = apply(source, out, "ann:worth reading")
    assert built.totals.quarantined == {"malformed": 1, "annotated": 2}


def test_rows_that_are_refused_already_stay_as_they_are(source, out):
    before = refused(out)
    pairsmith.annotate(out, "mine", [{"id": id, "label": "odd"} for id in before], ME)
    built = apply(source, out, "mine")
    assert refused(out) == before
    assert "annotated" not in built.totals.quarantined


def test_dialogues_are_dropped_too(sample_text, tmp_path):
    out = shutil.copytree(sample_text, tmp_path / "out")
    id = "red-team-attempts/train/1"
    pairsmith.annotate(out, "mine", [{"id": id, "label": "odd"}], ME)
    apply("sample", out, "mine", template="llama2")
    assert refused(out)[id] == ("annotated", "mine: odd")
    assert kept(out) == {k: row for k, row in kept(sample_text).items() if k != id}
    assert pairsmith.check(out) == []
    pairsmith.annotate(out, "mine", [{"id": id, "label": "wrong"}], ME)
    before = tree(out)
    with pytest.raises(AnnotationError, match="which have no label"):
        apply("sample", out, "mine")
    assert tree(out) == before


@pytest.mark.parametrize("name", quick(DROPS, "duplicates", "flipped"))
def test_an_audit_applied_does_what_drop_does(tmp_path, name):
    source = write_planted(tmp_path / "in")
    pairsmith.build(source, tmp_path / "dropped", drop=[name])
    pairsmith.build(source, tmp_path / "out")
    pairsmith.audit(tmp_path / "out", questions=[{"flipped": "duplicates"}.get(name, name)])
    apply(source, tmp_path / "out", f"audit:{DROPS[name].value}")
    assert refused(tmp_path / "out") == refused(tmp_path / "dropped")
    assert kept(tmp_path / "out") == kept(tmp_path / "dropped")


def test_what_is_dropped_is_not_exchanged_and_the_first_reason_counts(tmp_path):
    source = write_source(tmp_path / "in", one_train=[told(1), told(2), told(1), told(3)])
    pairsmith.build(source, tmp_path / "out")
    said = [{"id": f"one/train/{n}", "label": "wrong", "score": 0.0} for n in (2, 3)]
    odd = [{"id": f"one/train/{n}", "label": "odd", "detail": None} for n in (3, 4)]
    pairsmith.annotate(tmp_path / "out", "flips", said, ME)
    pairsmith.annotate(tmp_path / "out", "drops", odd, ME)
    pairsmith.annotate(tmp_path / "out", "more", odd, ME)
    apply(source, tmp_path / "out", "flips", "more", "drops", drop=["duplicates"])
    assert refused(tmp_path / "out") == {
        "one/train/3": ("duplicate", "the same pair as one/train/1"),
        "one/train/4": ("annotated", "more: odd"),
    }
    assert kept(tmp_path / "out")["one/train/2"]["notes"] == ["label_flipped"]


# The same again


@slow
def test_the_same_command_makes_the_same_bytes_and_says_so(source, out, tmp_path):
    built = apply(source, out, "mine:odd", "mine:wrong")
    before = hashes(out)
    again = pairsmith.build(source, out, apply=["mine:odd", "mine:wrong"])
    assert again.reused
    assert apply(source, out, "mine:odd", "mine:wrong") == built
    assert hashes(out) == before
    assert read_manifest(out).recipe == built.recipe
    folder = f"{out}/annotations/mine"
    for number, way in enumerate([{}, {"workers": 2}, {"batch_rows": 2}]):
        other = tmp_path / f"other{number}"
        applied = [f"{folder}:odd", f"{folder}:wrong"]
        pairsmith.build(source, other, apply=applied, **way)
        assert {k: v for k, v in hashes(out).items() if "annotations" not in k} == hashes(other)


def test_the_recipe_names_what_was_applied(source, out, tmp_path):
    sha256 = pairsmith.read_annotation(out, "mine").sha256
    built = apply(source, out, "mine:odd", "mine")
    assert json.loads((out / "manifest.json").read_text())["recipe"]["apply"] == [
        {"name": "mine", "label": "odd", "sha256": sha256, "actions": ["drop"]},
        {"name": "mine", "label": None, "sha256": sha256, "actions": ["drop", "flip", "smooth"]},
    ]
    card = (out / "README.md").read_text()
    assert "- `mine`, label `odd`: dropped\n- `mine`: dropped, exchanged, marked\n" in card
    assert "`label_smoothed`" in card
    assert "as an annotation says" in card
    pairsmith.annotate(out, "mine", SAID[:1], ME)
    with pytest.raises(OutputError, match=r"another recipe \(apply differ\)"):
        pairsmith.build(source, out, apply=["mine:odd", "mine"])
    pairsmith.build(source, tmp_path / "plain")
    assert "apply" not in read_manifest(tmp_path / "plain").recipe.to_dict()
    assert "annotation" not in (tmp_path / "plain/README.md").read_text()
    assert built.recipe.apply[0].sha256 == sha256


class Killed(BaseException):
    """What nothing catches."""


def test_a_build_that_was_broken_off_goes_on_with_the_same_annotation(source, annotated, tmp_path):
    folder = shutil.copytree(annotated / "annotations/mine", tmp_path / "mine")
    out = tmp_path / "out"
    options = {"apply": [f"{folder}:odd"], "shard_rows": 2, "batch_rows": 1}

    def watch(_):
        if count_shards(out) >= 2:
            raise Killed

    with pytest.raises(Killed):
        pairsmith.build(source, out, progress=watch, **options)
    with pytest.raises(OutputError, match=r"another recipe \(apply differ\)"):
        pairsmith.build(source, out, **{**options, "apply": [str(folder)]})
    built = pairsmith.build(source, out, **options)
    assert any("finished shards" in remark for remark in built.remarks)
    pairsmith.build(source, tmp_path / "fresh", **options)
    assert hashes(out) == hashes(tmp_path / "fresh")


# What is refused


@pytest.mark.parametrize(
    ("references", "said"),
    [
        (["yours"], "There are: mine"),
        (["mine:worse"], "has no label 'worse'"),
        (["mine:"], "names no annotation"),
        (["../out/annotations/none"], "There is no annotation"),
        (["Mine"], "cannot name an annotation"),
        (["mine:leak"], "has no label 'leak'"),
    ],
)
def test_what_there_is_not_cannot_be_applied(source, out, references, said):
    before = tree(out)
    with pytest.raises(AnnotationError, match=said):
        apply(source, out, *references)
    assert tree(out) == before


def test_one_reference_is_a_list_of_one(source, out):
    built = pairsmith.build(source, out, apply="mine:odd", force=True)
    assert built.totals.quarantined["annotated"] == 3


@pytest.mark.parametrize("harm", ["part", "manifest.json"])
def test_a_damaged_annotation_is_refused(source, out, harm):
    [path] = (out / "annotations/mine").glob(f"{harm}*")
    path.write_bytes(path.read_bytes()[:-9])
    before = tree(out)
    with pytest.raises(AnnotationError):
        apply(source, out, "mine")
    assert tree(out) == before


def test_an_annotation_of_other_rows_is_refused(source, out, tmp_path):
    other = write_source(tmp_path / "in", one_train=[told(1)], one_test=[told(2)])
    for target in (out, tmp_path / "new"):
        before = tree(target)
        with pytest.raises(AnnotationError, match="another build than the one that is asked for"):
            apply(other, target, f"{out}/annotations/mine")
        assert tree(target) == before


@pytest.mark.parametrize(("label", "score"), [("unsure", None), ("unsure", 1.5), ("wrong", -0.1)])
def test_a_score_that_is_no_probability_is_refused(source, out, label, score):
    pairsmith.annotate(out, "mine", [{"id": TRAIN[0], "label": label, "score": score}], ME)
    before = tree(out)
    with pytest.raises(AnnotationError, match=f"{TRAIN[0]} the score"):
        apply(source, out, "mine")
    assert tree(out) == before


def test_rows_that_there_are_not_are_refused(source, out, monkeypatch):
    """`annotate` does not write such, but for once."""
    with monkeypatch.context() as patched:
        patched.setattr(RowIds, "find", lambda _, ids: np.zeros(len(ids), np.int64))
        pairsmith.annotate(out, "mine", [{"id": "one/train/99", "label": "odd"}], ME)
    before = tree(out)
    with pytest.raises(AnnotationError, match="one/train/99, which is no row"):
        apply(source, out, "mine")
    assert tree(out) == before


def test_an_object_store_has_no_annotations_beside_it(source, annotated):
    with pytest.raises(AnnotationError, match="is not on this machine"):
        pairsmith.build(source, "memory://apply/out", apply=["mine"])


@pytest.mark.parametrize(
    "held", [[{"name": "a"}], [{"name": 1, "label": None, "sha256": "", "actions": []}], [3]]
)
def test_a_manifest_with_what_is_no_annotation_is_none(source, out, held):
    apply(source, out, "mine")
    said = json.loads((out / "manifest.json").read_text())
    said["recipe"]["apply"] = held
    (out / "manifest.json").write_text(json.dumps(said))
    with pytest.raises((OutputError, RecipeError), match="recipe applies"):
        read_manifest(out)
