"""build --apply: dialogues are given the scores that their source has not, and no others."""

import json
import math

import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith import Annotator
from pairsmith.cli.render.ledger import draw_ledger
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import AnnotationError
from support.annotated import tree
from support.defects import kept, refused, told, write_source
from support.mixture import hashes
from support.slow import slow

LEAST, TASK = "min_harmlessness_score_transcript", "task_description_harmlessness_score"
TASK_AS_RELEASED = "task_descripton_harmlessness_score"
MODEL = Annotator(
    "pairsmith score",
    "1",
    {"model": {"name": "/home/ann/fern-1b", "sha256": "c0ffee" * 10}},
    actions={"dialogue": "fill"},
)
BY = "fern-1b (c0ffeec0ffee)"


def talk(number):
    return f"\n\nHuman: What of moss {number}?\n\nAssistant: It likes shade, {number} times."


def attempt(number, **scores):
    return {"transcript": talk(number), "task_description": f"Ask of moss {number}.", **scores}


ATTEMPTS = [
    attempt(1),
    attempt(2, **{LEAST: 0.25}),
    attempt(3, **{TASK_AS_RELEASED: 0.5}),
    attempt(4, **{LEAST: 0.0, TASK: -0.0}),
    {"transcript": "no marker"},
    attempt(6, **{LEAST: None, TASK: None}),
    attempt(7),
    attempt(8),
]
SAID = {1: (-1.5, 2.5), 2: (-2.5, 3.5), 3: (-3.5, 4.5), 4: (-4.5, 5.5), 5: (-9, 9), 6: (-6.5, None),
        7: (None, 7.5)}  # fmt: skip
FILLED = {
    1: (-1.5, 2.5, ["score_filled", "task_score_filled"]),
    2: (0.25, 3.5, ["task_score_filled"]),
    3: (-3.5, 0.5, ["score_filled"]),
    4: (0.0, 0.0, []),
    6: (-6.5, None, ["score_filled"]),
    7: (None, 7.5, ["task_score_filled"]),
    8: (None, None, []),
}
"""What stands in each kept row, and the notes of it."""


def name(number):
    return f"red-team-attempts/train/{number}"


def say(scores=SAID, label="dialogue"):
    return [
        {"id": name(number), "label": label, "score": score, "task_score": task}
        for number, (score, task) in scores.items()
    ]


def write_attempts(folder, rows=ATTEMPTS, **pairs):
    write_source(folder, **pairs)
    place = folder / "red-team-attempts"
    place.mkdir(parents=True)
    (place / "red_team_attempts.jsonl").write_text(json.dumps(rows))
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_attempts(tmp_path_factory.mktemp("source") / "in")


@pytest.fixture(scope="module")
def annotated(source, tmp_path_factory):
    """A build with an annotation; not to be changed."""
    out = tmp_path_factory.mktemp("annotated") / "out"
    pairsmith.build(source, out)
    pairsmith.annotate(out, "scores", say(), MODEL)
    return out


def apply(source, out, annotated, told="scores", **options):
    return pairsmith.build(source, out, apply=[f"{annotated}/annotations/{told}"], **options)


def scores_of(rows):
    return {id: (row[LEAST], row[TASK]) for id, row in rows.items()}


# What is done


@pytest.mark.parametrize("template", [None, "llama2"], ids=["messages", "text"])
def test_what_the_source_has_not_is_filled_and_nothing_else(source, annotated, tmp_path, template):
    pairsmith.build(source, tmp_path / "plain", template=template)
    built = apply(source, tmp_path / "out", annotated, template=template)
    rows, usual = kept(tmp_path / "out"), kept(tmp_path / "plain")
    assert scores_of(rows) == {name(n): (least, task) for n, (least, task, _) in FILLED.items()}
    for id, row in rows.items():
        notes = FILLED[int(id.rpartition("/")[2])][2]
        assert row["notes"] == usual[id]["notes"] + notes
        others = row.keys() - {LEAST, TASK, "notes"}
        assert {key: row[key] for key in others} == {key: usual[id][key] for key in others}
    assert math.copysign(1, rows[name(4)][TASK]) == -1  # the very number of the source
    assert refused(tmp_path / "out") == refused(tmp_path / "plain")
    assert built.totals.noted == {"score_filled": 3, "task_score_filled": 3}
    assert pairsmith.check(tmp_path / "out") == []
    [shard], [other] = (sorted((tmp_path / k).rglob("*train*.parquet")) for k in ("out", "plain"))
    assert pq.read_schema(shard) == pq.read_schema(other)


def test_who_filled_how_many_is_in_recipe_card_and_on_the_screen(
    source, annotated, tmp_path, capsys
):
    built = apply(source, tmp_path / "out", annotated)
    sha256 = pairsmith.read_annotation(annotated, "scores").sha256
    applied = {"name": "scores", "label": None, "sha256": sha256, "actions": ["fill"]}
    held = read_manifest(tmp_path / "out").recipe
    assert held.to_dict()["apply"] == [{**applied, "by": BY}]
    assert held == built.recipe
    card = (tmp_path / "out/README.md").read_text()
    assert f"- `scores`: scores filled where there were none, by `{BY}`\n" in card
    assert "score_filled 3, task_score_filled 3" in card
    draw_ledger(built, "out")
    said = f"by {BY}, annotation scores: 3 {LEAST}, 3 {TASK}."
    assert said in capsys.readouterr().out.replace("\n", " ")
    assert pairsmith.build(
        source, tmp_path / "out", apply=[f"{annotated}/annotations/scores"]
    ).reused
    plain = read_manifest(annotated)
    assert "_filled" not in (annotated / "README.md").read_text()
    assert not plain.remarks


def test_an_annotation_without_scores_of_tasks_fills_those_of_replies(source, annotated, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    said = [{k: v for k, v in row.items() if k != "task_score"} for row in say()]
    pairsmith.annotate(out, "scores", said, MODEL)
    built = apply(source, tmp_path / "filled", out)
    assert scores_of(kept(tmp_path / "filled")) == {
        **scores_of(kept(out)), **{name(n): (SAID[n][0], None) for n in (1, 6)},
        name(3): (-3.5, 0.5),
    }  # fmt: skip
    assert built.totals.noted == {"score_filled": 3}


def test_a_row_that_is_dropped_is_not_filled_and_the_first_annotation_counts(source, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    pairsmith.annotate(out, "first", say({1: (-1, -2), 6: (-3, -4)}), MODEL)
    pairsmith.annotate(out, "second", say({1: (5, 6), 6: (7, 8), 7: (9, 10)}), MODEL)
    pairsmith.annotate(out, "odd", [{"id": name(6), "label": "odd"}], MODEL)
    pairsmith.build(source, out, apply=["first", "second", "odd"], force=True)
    assert refused(out)[name(6)] == ("annotated", "odd: odd")
    scores = scores_of(kept(out))
    assert (scores[name(1)], scores[name(7)]) == ((-1, -2), (9, 10))


def test_a_label_is_applied_beside_pairs_that_stay(tmp_path):
    pairs = [told(number) for number in range(3)]
    source = write_attempts(tmp_path / "in", ATTEMPTS[:2], one_train=pairs)
    out = tmp_path / "out"
    pairsmith.build(source, out)
    usual = kept(out)
    agrees = {"id": "one/train/1", "label": "agrees", "score": 1.0, "task_score": None}
    pairsmith.annotate(out, "scores", [agrees, *say({1: SAID[1], 2: SAID[2]})], MODEL)
    built = pairsmith.build(source, out, apply=["scores:dialogue"], force=True)
    rows = kept(out)
    assert {id: row for id, row in rows.items() if id.startswith("one/")} == {
        id: row for id, row in usual.items() if id.startswith("one/")
    }
    assert scores_of({name(1): rows[name(1)]}) == {name(1): (-1.5, 2.5)}
    assert not built.totals.quarantined


@slow
@pytest.mark.parametrize("template", [None, "llama2"], ids=["messages", "text"])
def test_every_way_makes_the_same_bytes(source, annotated, tmp_path, template):
    options = {"template": template, "shard_rows": 3}
    apply(source, tmp_path / "out", annotated, **options)
    for number, way in enumerate([{"workers": 2}, {"batch_rows": 2}, {"workers": 1}]):
        other = tmp_path / f"other{number}"
        apply(source, other, annotated, **options, **way)
        assert hashes(other) == hashes(tmp_path / "out")


@slow
def test_scores_that_were_filled_are_no_measure_of_others(tmp_path):
    attempts = [attempt(n, rating=n % 5, **({LEAST: n / 2} if n > 9 else {})) for n in range(20)]
    source, out = write_attempts(tmp_path / "in", attempts), tmp_path / "out"
    pairsmith.build(source, out)
    said = say({n + 1: (-n / 2, None) for n in range(20)})
    said = [{**row, "turn_scores": [row["score"]]} for row in said]
    pairsmith.annotate(out, "scores", said, MODEL)
    before = pairsmith.evaluate(out, "scores").numbers["dialogues"]
    assert pairsmith.build(source, out, apply=["scores"], force=True).totals.noted
    assert pairsmith.evaluate(out, "scores").numbers["dialogues"] == before
    assert LEAST in before["rank_correlation"]


# What is refused


def test_scores_of_pairs_are_none_of_dialogues(tmp_path):
    source = write_attempts(tmp_path / "in", ATTEMPTS[:2], one_train=[told(1)])
    out = tmp_path / "out"
    pairsmith.build(source, out)
    pairsmith.annotate(out, "scores", [{"id": "one/train/1", "label": "dialogue"}], MODEL)
    weighs = Annotator("a reader", "1", actions={"agrees": "smooth"})
    said = [{"id": name(1), "label": "agrees", "score": 0.5}]
    pairsmith.annotate(out, "labels", said, weighs)
    before = tree(out)
    for told_by, sentence in (
        ("scores", "fills scores of rows of one, which are pairs"),
        ("labels", "rows of red-team-attempts, which have no label"),
    ):
        with pytest.raises(AnnotationError, match=sentence):
            pairsmith.build(source, out, apply=[told_by], force=True)
        assert tree(out) == before


def test_a_build_without_dialogues_has_none_to_fill(annotated, tmp_path):
    source, out = write_source(tmp_path / "in", one_train=[told(1)]), tmp_path / "out"
    with pytest.raises(AnnotationError, match="another build than the one that is asked for"):
        apply(source, out, annotated)
    assert not out.exists()
    pairsmith.build(source, out)
    said = [{"id": "one/train/1", "label": "agrees", "score": 0.5}]
    pairsmith.annotate(out, "scores", said, MODEL)
    with pytest.raises(AnnotationError, match="has no label 'dialogue'"):
        pairsmith.build(source, out, apply=["scores:dialogue"], force=True)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("high", "task_score of the annotation is not of numbers"), (math.inf, "the score inf")],
    ids=["words", "infinite"],
)
def test_a_score_that_is_no_number_fills_nothing(source, tmp_path, given, sentence):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    pairsmith.annotate(out, "scores", say({1: (-1.0, given)}), MODEL)
    before = tree(out)
    with pytest.raises(AnnotationError, match=sentence):
        pairsmith.build(source, out, apply=["scores"], force=True)
    assert tree(out) == before
