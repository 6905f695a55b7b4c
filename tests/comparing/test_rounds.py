"""Rounds: the ledger of each, what stands on both sides, accuracy, Elo and attacks by round."""

import json
import math
import os

import numpy as np
import pytest
from scipy.stats import t as student
from typer.testing import CliRunner

import pairsmith
from pairsmith.cli import app
from pairsmith.cli.render.rounds import draw
from pairsmith.dataset.annotation import Annotator
from pairsmith.errors import AnnotationError, OutputError
from pairsmith.io.durable import digest_of
from pairsmith.sources.layouts import SAMPLE
from pairsmith.tracing.find import IN_PACKAGE
from support.chains import (
    named,
    pair,
    write_base,
    write_loop,
    write_model,
    write_rows,
    write_samples,
    write_trained,
)

LOGIT = 400 / math.log(10)


def run(*words):
    return CliRunner().invoke(app, ["rounds", *map(str, words)])


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """Two rounds; the second model's samples beside. Not to be changed."""
    place = tmp_path_factory.mktemp("rounds")
    write_loop(place)
    return place


def test_the_ledger_of_each_round(loop):
    found = pairsmith.rounds(loop / "round-2" / "build")
    assert found.is_clean
    assert found.to_dict()["rounds"] == [
        {"round": tag, "kept": {"tea/test": 2, "tea/train": 6}, "quarantined": {}, "train": 6,
         "held_out": 2}
        for tag in ("", "1")
    ]  # fmt: skip


def test_quarantined_rows_have_the_round_that_they_tell(tmp_path):
    rows = [pair(f"What is {n}?", "Good.", "Bad.", round=n % 2 + 1) for n in range(6)]
    rows += [pair("What?", "Same.", "Same.", round=2), pair("Why?", "Same.", "Same.")]
    write_rows(tmp_path / "in", train=rows)
    pairsmith.build(tmp_path / "in" / "train.jsonl", tmp_path / "out", carry=["round"])
    told = pairsmith.rounds(tmp_path / "out").to_dict()["rounds"]
    assert [(r["round"], r["train"], sum(r["quarantined"].values())) for r in told] == [
        ("", 0, 1), ("1", 3, 0), ("2", 3, 1),
    ]  # fmt: skip


def test_without_the_column_files_tell_the_round(loop, tmp_path):
    pairsmith.build([str(loop / "base"), str(loop / "round-1" / "samples")], loop / "plain")
    told = pairsmith.rounds(loop / "plain").to_dict()["rounds"]
    assert [(r["round"], r["train"], r["held_out"]) for r in told] == [("", 6, 2), ("1", 6, 2)]


def test_a_question_that_is_held_out_and_trained_on_is_named(tmp_path):
    first = [pair(f"What is {n}?", "Good.", "Bad.", round="1") for n in range(4)]
    again = [pair("What is 3?", "New.", "Old.", round="2"), pair("Else?", "Yes.", "No.", round="2")]
    write_rows(tmp_path / "in" / "tea", train=first[:3] + again, test=first[3:])
    pairsmith.build(tmp_path / "in", tmp_path / "out", carry=["round"])
    found = pairsmith.rounds(tmp_path / "out").to_dict()["leaks"]
    assert found == {
        "rows": 1, "questions": 1, "not_known": 0,
        "first": [
            {"train": "tea/train/4", "round": "2", "held_out": "tea/test/1", "held_out_round": "1"}
        ],
    }  # fmt: skip
    result = run(tmp_path / "out")
    assert result.exit_code == 1
    assert "tea/train/4 (round 2) asks what tea/test/1 asks (round 1)" in result.stdout


def by_hand(hits, rows):
    """Wilson's interval, from the formula."""
    z, share = 1.959963984540054, hits / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / 4 / rows**2)
    return share, middle - half, middle + half


def test_accuracy_on_rounds_that_a_model_did_not_learn_from(tmp_path):
    base, start = write_base(tmp_path / "base"), write_model(tmp_path / "start")
    first = tmp_path / "build-0"
    pairsmith.build(base, first)
    reward = write_trained(tmp_path / "rm-0", "reward", first, start)
    samples = write_samples(tmp_path / "samples", first, start, reward)
    mixed = tmp_path / "build-1"
    pairsmith.build([str(base), str(samples)], mixed, carry=["round"])
    ids = [
        f"tea/{s}/{f}-{n}"
        for f in (0, 1)
        for s, m in (("train", 6), ("test", 2))
        for n in range(1, m + 1)
    ]
    # of the first round all but one are right; of the second one in test, and two in train
    wrong = {"tea/train/0-1", "tea/test/1-1", *(f"tea/train/1-{n}" for n in range(1, 5))}
    sides = [(id, *((0.0, 1.0) if id in wrong else (1.0, 0.0))) for id in ids]
    names = ("id", "chosen_score", "rejected_score")
    said = [dict(zip(names, side, strict=True)) | {"label": None, "score": None} for side in sides]
    by = Annotator("pairsmith score", "0", {"model": named(reward)})
    pairsmith.annotate(mixed, "rm-0", said, by)
    [model] = pairsmith.rounds(mixed).to_dict()["accuracy"]
    assert model["model"] == "rm-0"
    assert model["learnt_from"] == [""]
    assert [one["is_new"] for one in model["rounds"]] == [False, True]
    for one, (hits, held_out) in zip(model["rounds"], [(7, 2), (3, 1)], strict=True):
        for share, (good, rows) in ((one["all"], (hits, 8)), (one["held_out"], (held_out, 2))):
            assert (share["hits"], share["rows"]) == (good, rows)
            told = [share["share"], share["low"], share["high"]]
            assert told == pytest.approx(by_hand(good, rows), abs=1e-12)
    assert "37.5 % (13.7 to 69.4) of 8*" in " ".join(run(mixed).stdout.split())
    with pytest.raises(AnnotationError, match="no annotation"):
        pairsmith.rounds(mixed, scores=["other"])


def write_snapshot(folder, scores, round="1", score="5" * 64, split="test"):
    """Samples whose scores are told, a list for each prompt."""
    rows = [
        {"id": f"tea/{split}/{n}", "prompt": [{"role": "user", "content": f"Prompt {n}"}],
         "samples": [{"text": str(k), "score": s, "seed": k} for k, s in enumerate(some)]}
        for n, some in enumerate(scores)
    ]  # fmt: skip
    write_rows(folder / "tea", **{split: rows})
    path = folder / "tea" / f"{split}.jsonl"
    size, sha256 = digest_of(path)
    held = {
        "kind": "samples", "config": {"round": round}, "model": {"name": "m", "sha256": "1" * 64},
        "score": {"name": "rm", "sha256": score},
        "outputs": [{"path": f"tea/{split}.jsonl", "bytes": size, "sha256": sha256}],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(held))
    return folder


@pytest.fixture
def snapshots(tmp_path):
    """Two snapshots on 60 prompts of three samples; the second scores higher by about 0.4."""
    chance = np.random.default_rng(3)
    scores = [np.round(chance.normal(shift, 1, (60, 3)), 1) for shift in (0, 0.4)]
    folders = [write_snapshot(tmp_path / f"s{n}", s.tolist(), str(n)) for n, s in enumerate(scores)]
    return folders, scores


@pytest.mark.parametrize("best", [False, True])
def test_elo_is_that_of_wins_and_of_scores(loop, snapshots, best):
    folders, scores = snapshots
    told = pairsmith.rounds(loop / "round-2" / "build", samples=folders, best=best).to_dict()["elo"]
    first, second = (s.max(axis=1) if best else s[:, 0] for s in scores)
    assert told["prompts"] == "held out"
    assert [one["round"] for one in told["snapshots"]] == ["0", "1"]
    found = told["snapshots"][1]
    apart = (second - first) * LOGIT
    half = student.ppf(0.975, 59) * apart.std(ddof=1) / math.sqrt(60)
    ends = [apart.mean(), apart.mean() - half, apart.mean() + half]
    by_scores = found["by_scores"]
    assert [by_scores[n] for n in ("estimate", "low", "high")] == pytest.approx(ends, rel=1e-5)
    won = np.where(second == first, 0.5, second > first)
    assert found["by_wins"]["estimate"] == pytest.approx(
        LOGIT * math.log(won.sum() / (1 - won).sum()), rel=1e-6
    )
    # each prompt left out: for two models there is a closed form
    without = (won.sum() - won) / 59
    left_out = LOGIT * np.log(without / (1 - without))
    se = math.sqrt(59 / 60 * ((left_out - left_out.mean()) ** 2).sum())
    assert found["by_wins"]["se"] == pytest.approx(se, rel=0.02)


def test_one_snapshot_is_held_against_nothing(loop, snapshots, capsys):
    folders, scores = snapshots
    found = pairsmith.rounds(loop / "round-2" / "build", samples=folders[:1])
    [told] = found.to_dict()["elo"]["snapshots"]
    assert told["mean_score"] == pytest.approx(scores[0][:, 0].mean(), abs=1e-6)
    assert (told["by_wins"], told["by_scores"], told["comparisons"]) == (None, None, 0)
    draw(found)
    assert "There is nothing to hold it against" in capsys.readouterr().out


def test_snapshots_that_cannot_be_compared(loop, snapshots, tmp_path):
    build, (first, second) = loop / "round-2" / "build", snapshots[0]
    other = write_snapshot(tmp_path / "other", [[1.0]], score="6" * 64)
    with pytest.raises(OutputError, match="scored by another model"):
        pairsmith.rounds(build, samples=[first, other])
    with pytest.raises(OutputError, match="it is a build"):
        pairsmith.rounds(build, samples=[first, build])
    with pytest.raises(OutputError, match="no finished samples"):
        pairsmith.rounds(build, samples=[first, tmp_path])
    empty = write_snapshot(tmp_path / "none", [[None, float("nan")]])
    with pytest.raises(OutputError, match="no sample with a score"):
        pairsmith.rounds(build, samples=[first, empty])
    held = (second / "tea" / "test.jsonl").read_text()
    for samples in (7, {"score": 1.0}, [{"score": 10**400}], [{"score": float("inf")}, 3]):
        more = json.dumps({"id": "x", "prompt": [], "samples": samples})
        (second / "tea" / "test.jsonl").write_text(f"{held}{more}\n")
        assert pairsmith.rounds(build, samples=[first, second]).to_dict()["elo"]
    (second / "tea" / "test.jsonl").write_text("{")
    with pytest.raises(OutputError, match="cannot be read"):
        pairsmith.rounds(build, samples=[first, second])
    (second / "tea" / "test.jsonl").unlink()
    os.mkfifo(second / "tea" / "test.jsonl")
    with pytest.raises(OutputError, match="is no file"):
        pairsmith.rounds(build, samples=[first, second])


def test_a_snapshot_that_always_wins_has_no_number_by_wins(loop, tmp_path):
    folders = [write_snapshot(tmp_path / f"s{n}", [[float(n)]] * 30, str(n)) for n in (0, 1)]
    result = run(loop / "round-2" / "build", *(f"--samples={one}" for one in folders))
    assert result.exit_code == 0
    assert "s1 (round 1), by wins: it won all of its comparisons" in result.stdout
    assert "+174 (+174 to +174)" in result.stdout


@pytest.mark.parametrize("told_by", ["rows", "manifest"])
def test_attacks_by_round(tmp_path, told_by):
    """Dialogues have no column `round`: the rows of their source tell it, or its manifest."""
    lines = (IN_PACKAGE / "red-team-attempts" / "red_team_attempts.jsonl").read_text().splitlines()
    rated = [json.loads(line) for line in lines if line.startswith("{")]
    good = [row for row in rated if row.get("rating") is not None][:4]
    for tag, ratings in (("1", (0, 1, 2, 4)), ("2", (3, 4, 4, 1))):
        folder = tmp_path / f"collection-{tag}"
        own = {"round": tag} if told_by == "rows" else {}
        rows = [row | {"rating": float(n)} | own for row, n in zip(good, ratings, strict=True)]
        write_rows(folder / "red-team-attempts", train=rows)
        size, sha256 = digest_of(folder / "red-team-attempts" / "train.jsonl")
        file = {"path": "red-team-attempts/train.jsonl", "bytes": size, "sha256": sha256}
        held = {"kind": "collection", "outputs": [file]}
        held |= {"round": tag} if told_by == "manifest" else {}
        (folder / "manifest.json").write_text(json.dumps(held))
    sources = [str(tmp_path / f"collection-{tag}") for tag in "12"]
    pairsmith.build(sources, tmp_path / "out")
    told = pairsmith.rounds(tmp_path / "out").to_dict()["attacks"]
    assert [(one["round"], one["success"]["hits"], one["success"]["rows"]) for one in told] == [
        ("1", 1, 4), ("2", 3, 4),
    ]  # fmt: skip


def test_a_column_of_other_things_is_refused(tmp_path):
    rows = [pair(f"What is {n}?", "Good.", "Bad.", round=f"text {n}") for n in range(300)]
    write_rows(tmp_path / "in", train=rows)
    pairsmith.build(tmp_path / "in" / "train.jsonl", tmp_path / "out", carry=["round"])
    with pytest.raises(OutputError, match="300 different rounds, more than 200"):
        pairsmith.rounds(tmp_path / "out")


def test_the_sample_has_one_round(tmp_path):
    built = pairsmith.build(SAMPLE, tmp_path / "out", template="llama2")
    pairs = [entry.kept for entry in built.ledger if not entry.subset.startswith("red-team")]
    told = pairsmith.rounds(tmp_path / "out").to_dict()
    assert [one["round"] for one in told["rounds"]] == [""]
    assert sum(told["rounds"][0]["kept"].values()) == sum(pairs)
