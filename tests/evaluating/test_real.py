"""The real file, and scores of a model that reads rows: numbers that are known otherwise."""

from pathlib import Path

import pytest

import pairsmith
from pairsmith.auditing.answer import Study
from pairsmith.auditing.questions.labels import margins
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.reader import Dataset
from pairsmith.dataset.rows import kept_rows
from support.models.folders import write_scorer
from support.models.utility import Utility, write_source
from support.scored import SCORER, annotate
from support.slow import slow

pytestmark = slow


def test_the_words_judge_on_the_real_file(real, tmp_path):
    """It agrees with 61 % of labels, the shorter reply wins in 55 %: as the audit has it."""
    out = tmp_path / "out"
    pairsmith.build(str(real), out)
    data = Dataset(Path(out))
    with open_keys(data) as keys:
        found = margins(Study(data, keys)).margins
        ids = [id for (id,) in keys.sql("SELECT id FROM rows WHERE kept ORDER BY row").fetchall()]
    annotate(out, "words", {id: (m, 0.0) for id, m in zip(ids, found, strict=True)}, SCORER)
    held = pairsmith.evaluate(out, "words").to_dict()
    accuracy = held["accuracy"]
    assert accuracy["all"]["low"] < 0.61 < accuracy["all"]["high"]
    assert accuracy["baselines"]["hashed_words"]["model_less_this"]["estimate"] == 0
    assert accuracy["baselines"]["shorter"]["accuracy"]["estimate"] == pytest.approx(0.55, abs=0.02)
    assert accuracy["all"]["conversations"] < accuracy["all"]["rows"]
    assert (
        held["calibration"]["temperature"]["low"] < 1 < held["calibration"]["temperature"]["high"]
    )
    assert held["length"]["model_less_labels"]["high"] < 0  # it has learnt: the shorter one wins


def test_scores_as_the_command_writes_them(tmp_path):
    pytest.importorskip("trl")
    write_source(tmp_path / "source", Utility(), 60, 60)
    out = tmp_path / "out"
    pairsmith.build(str(tmp_path / "source"), out)
    turns = [turn for row in kept_rows(out, read_manifest(out)) for turn in row["chosen"]]
    write_scorer(tmp_path / "model", texts=[turn["content"] for turn in turns])
    annotation = pairsmith.score(out, tmp_path / "model", name="tiny")
    held = pairsmith.evaluate(out, "tiny", words=False).to_dict()
    agreed = annotation.labels.get("agrees", 0)
    by_place = held["accuracy"]["by_place"].values()
    assert sum(round(place["estimate"] * place["rows"]) for place in by_place) == agreed
    assert held["rows"]["scored"] == 120
    assert held["scores"]["recipe"] == annotation.annotator.recipe


def test_scores_of_a_build_of_pairs_and_dialogues(tmp_path, sample_messages):
    pytest.importorskip("trl")
    import shutil

    out = shutil.copytree(sample_messages, tmp_path / "out")
    write_scorer(tmp_path / "model", texts=["a fern in a pot, please"])
    pairsmith.score(out, tmp_path / "model", name="tiny")
    held = pairsmith.evaluate(out, "tiny", words=False).to_dict()
    assert held["rows"]["scored"] == held["rows"]["kept"]
    assert held["dialogues"]["dialogues"] > 0
