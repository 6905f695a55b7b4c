"""build --judge: labels are doubted by the margins of an annotation, and by nothing else."""

import json
import re
import shutil

import pyarrow as pa
import pytest

import pairsmith
from pairsmith import Annotator
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import AnnotationError, OutputError, RecipeError
from pairsmith.schema.rows import CONFIDENCE
from support.annotated import tree
from support.defects import kept, refused, told, write_source
from support.mixture import hashes

SCORER = Annotator("a scorer", "1", actions={"contradicts": "flip"})
MARGINS = {1: -3.0, 2: -1.5, 3: -0.5, 4: 0.0, **dict.fromkeys(range(5, 31), 2.0)}
TRAIN = {number: f"one/train/{number}" for number in range(1, 32)}


def label_of(margin):
    return "agrees" if margin > 0 else "contradicts" if margin < 0 else "tied"


def scored(margins):
    """What `pairsmith score` says of pairs, by id."""
    return [
        {
            "id": id, "label": label_of(margin), "score": margin,
            "chosen_score": 1.0 + margin, "rejected_score": 1.0,
        }
        for id, margin in margins.items()
    ]  # fmt: skip


SAID = scored({TRAIN[n]: margin for n, margin in MARGINS.items()} | {"one/test/1": -5.0})


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    train, test = [told(n) for n in range(31)], [told(100), told(101)]
    return write_source(tmp_path_factory.mktemp("source") / "in", one_train=train, one_test=test)


@pytest.fixture(scope="module")
def annotated(source, tmp_path_factory):
    """A build with margins; not to be changed."""
    out = tmp_path_factory.mktemp("annotated") / "out"
    pairsmith.build(source, out)
    pairsmith.annotate(out, "scores", SAID, SCORER)
    return out


@pytest.fixture
def out(annotated, tmp_path):
    return shutil.copytree(annotated, tmp_path / "out")


def build(source, out, **options):
    return pairsmith.build(source, out, force=True, judge="scores", **options)


# What is done


def test_labels_that_are_doubted_by_more_are_exchanged(source, out, annotated):
    usual = kept(annotated)
    build(source, out, flip=1)
    rows = kept(out)
    assert {id: row[CONFIDENCE] for id, row in rows.items() if row[CONFIDENCE] < 1} == {
        TRAIN[1]: 0.0474, TRAIN[2]: 0.1824
    }  # fmt: skip
    for id, row in rows.items():
        flipped = id in (TRAIN[1], TRAIN[2])
        sides = ("rejected", "chosen") if flipped else ("chosen", "rejected")
        assert [row["chosen"], row["rejected"]] == [usual[id][side] for side in sides]
        assert ("label_flipped" in row["notes"]) == flipped
    assert pairsmith.check(out) == []


def test_they_are_marked_or_refused(source, out, annotated):
    built = build(source, out, smooth=0.2, drop_doubted=2)
    doubted = "scores gives the label a chance of 4.7 %"
    assert refused(out) == {TRAIN[1]: ("doubted", doubted)}
    marked = {id: row[CONFIDENCE] for id, row in kept(out).items() if row[CONFIDENCE] < 1}
    assert marked == {TRAIN[2]: 0.1824, TRAIN[3]: 0.3775}
    assert built.totals.noted["label_smoothed"] == 2
    assert [row["chosen"] for row in kept(out).values()] == [
        row["chosen"] for id, row in kept(annotated).items() if id != TRAIN[1]
    ]
    build(source, out, drop_doubted=1)
    assert refused(out).keys() == {TRAIN[1], TRAIN[2]}
    assert CONFIDENCE not in kept(out)[TRAIN[3]]


def test_margins_are_divided_by_the_temperature(source, out):
    build(source, out, smooth=1, temperature=2.0)
    marked = {id: row[CONFIDENCE] for id, row in kept(out).items() if row[CONFIDENCE] < 1}
    assert marked == {TRAIN[1]: 0.1824}


def test_what_others_say_of_a_row_is_done_too(source, out):
    odd = [{"id": TRAIN[n], "label": "odd"} for n in (2, 5)]
    pairsmith.annotate(out, "mine", odd, SCORER)
    built = build(source, out, flip=1, apply=["mine"])
    assert built.totals.quarantined == {"annotated": 2}
    assert built.totals.noted == {"label_flipped": 1}


def of_scores(held):
    return {name: held[name] for name in ("id", "label", "score")}


def of_margin(held):
    return {"id": held["id"], "label": "any", "score": 0.5, "margin": held["score"]}


@pytest.mark.parametrize("said_as", [dict, of_scores, of_margin])
def test_where_margins_may_stand(source, out, said_as):
    pairsmith.annotate(out, "scores", [said_as(held) for held in SAID], SCORER)
    build(source, out, flip=1)
    flipped = [id for id, row in kept(out).items() if row["notes"] == ["label_flipped"]]
    assert flipped == [TRAIN[1], TRAIN[2]]


def test_dialogues_beside_pairs_are_passed_over(sample_text, tmp_path):
    out = shutil.copytree(sample_text, tmp_path / "out")
    ids = [id for id, row in kept(out).items() if "chosen" in row and "/train/" in id]
    margins = {id: -2.0 if n == 0 else 1.0 for n, id in enumerate(ids)}
    dialogue = {
        "id": "red-team-attempts/train/1", "label": "dialogue", "score": -4.0,
        "chosen_score": None, "rejected_score": None,
    }  # fmt: skip
    pairsmith.annotate(out, "scores", [*scored(margins), dialogue], SCORER)
    built = build("sample", out, flip=1, template="llama2")
    assert built.totals.noted["label_flipped"] == 1
    assert "label_flipped" in kept(out)[ids[0]]["notes"]


def test_applied_a_margin_is_taken_for_a_chance(source, out):
    pairsmith.build(source, out, force=True, apply=["scores:contradicts"])
    exchanged = {id: row[CONFIDENCE] for id, row in kept(out).items() if row[CONFIDENCE] < 1}
    wanted = {TRAIN[1]: 0.0474, TRAIN[2]: 0.1824, TRAIN[3]: 0.3775, "one/test/1": 0.0067}
    assert exchanged == wanted


# The same again


def test_the_recipe_names_the_judge_and_equal_commands_make_equal_bytes(source, out, tmp_path):
    sha256 = pairsmith.read_annotation(out, "scores").sha256
    built = build(source, out, flip=1)
    recipe = json.loads((out / "manifest.json").read_text())["recipe"]
    assert recipe["judge"] == {"name": "scores", "sha256": sha256, "temperature": 1.0}
    assert read_manifest(out).recipe == built.recipe
    assert pairsmith.build(source, out, judge="scores", flip=1).reused
    folder = f"{out}/annotations/scores"
    for number, way in enumerate([{}, {"batch_rows": 2}]):
        other = tmp_path / f"other{number}"
        pairsmith.build(source, other, judge=folder, flip=1, **way)
        assert {k: v for k, v in hashes(out).items() if "annotations" not in k} == hashes(other)
    card = (out / "README.md").read_text()
    assert "The annotation `scores`, whose margins are taken for log-odds, doubted them" in card
    with pytest.raises(OutputError, match=r"another recipe \(judge differ\)"):
        pairsmith.build(source, out, judge="scores", flip=1, temperature=2)


# What is refused


def refusal(source, out, error, **options):
    """What is said of a build that is refused, with nothing changed."""
    before = tree(out)
    with pytest.raises(error) as fault:
        pairsmith.build(source, out, force=True, **{"judge": "scores", "flip": 1, **options})
    assert tree(out) == before
    return str(fault.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"flip": None}, "no label is to be doubted"),
        ({"temperature": 0.0}, "temperature of 0.0"),
        ({"temperature": float("nan")}, "temperature of nan"),
        ({"judge": "linear", "temperature": 2.0}, "linear has no temperature"),
        ({"smooth": 1}, "not both"),
        ({"flip": None, "drop_doubted": 0}, "drop-doubted"),
    ],
    ids=["nothing", "zero", "nan", "linear", "both", "no_doubt"],
)
def test_options_that_are_at_odds(source, out, options, said):
    assert said in refusal(source, out, RecipeError, **options)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([{"id": TRAIN[1], "label": "odd", "score": 0.3}], "are labelled odd"),
        ([{"id": TRAIN[1], "score": 0.3}], "have no label"),
        ([{**held, "chosen_score": "1"} for held in SAID], "chosen_score .* not of numbers"),
        ([*SAID, SAID[0]], f"gives {TRAIN[1]} two margins"),
        ([{**SAID[0], "chosen_score": float("inf")}, *SAID[1:]], f"gives {TRAIN[1]} is no number"),
        ([{**held, "chosen_score": None} for held in SAID], "gives no pair a margin"),
        (scored(dict.fromkeys(TRAIN.values(), 0.0)), "prefers neither"),
        (scored(dict.fromkeys(TRAIN.values(), -1.0)), "agrees with 0.0 % .* than chance"),
    ],
    ids=["labels", "unlabelled", "text", "twice", "inf", "null", "tied", "contrary"],
)
def test_an_annotation_without_margins_that_tell_is_refused(source, out, said, words):
    if said[0].get("chosen_score", 0) is None:
        schema = pa.schema([("id", pa.string()), ("chosen_score", pa.float32()),
                            ("rejected_score", pa.float32())])  # fmt: skip
        said = pa.Table.from_pylist(said, schema)
    pairsmith.annotate(out, "scores", said, SCORER)
    assert re.search(words, refusal(source, out, AnnotationError))


def test_an_annotation_that_is_not_there_or_of_other_rows(source, out, tmp_path):
    assert "There are: scores" in refusal(source, out, AnnotationError, judge="none")
    other = write_source(tmp_path / "in", one_train=[told(1)], one_test=[told(2)])
    said = refusal(other, out, AnnotationError)
    assert "another build than the one that is asked for" in said
    with pytest.raises(AnnotationError, match="is not on this machine"):
        pairsmith.build(source, "memory://judged/out", judge="scores", flip=1)


def test_margins_of_exchanged_labels_are_not_taken_for_those_of_the_source(source, out):
    build(source, out, flip=1)
    pairsmith.annotate(out, "again", SAID, SCORER)
    assert "had exchanged labels" in refusal(source, out, AnnotationError, judge="again")


@pytest.mark.parametrize(
    "held",
    [3, {"name": "a"}, {"name": 1, "sha256": "", "temperature": 1.0},
     {"name": "a", "sha256": "", "temperature": 0.0}],
    ids=["number", "short", "type", "temperature"],
)  # fmt: skip
def test_a_manifest_whose_judge_is_none(source, out, held):
    build(source, out, flip=1)
    said = json.loads((out / "manifest.json").read_text())
    said["recipe"]["judge"] = held
    (out / "manifest.json").write_text(json.dumps(said))
    with pytest.raises((OutputError, RecipeError), match="recipe's judge"):
        read_manifest(out)
