"""export --margin-from: the margins of an annotation, for the trainers that read one."""

import json
import shutil

import pytest

import pairsmith
from pairsmith import Annotator
from pairsmith.errors import AnnotationError, RecipeError
from pairsmith.exporting import TRAINERS
from support.annotated import tree
from support.defects import told, write_source

SCORER = Annotator("a scorer", "1")
MARGINS = {1: -3.0, 2: 1.5, 3: 0.25, 4: 2.0, **dict.fromkeys(range(5, 20), 1.0)}
SAID = [{"id": f"one/train/{n}", "label": "any", "margin": margin} for n, margin in MARGINS.items()]
READERS = ["trl-reward", "openrlhf", "ms-swift"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    rows = [told(n) for n in range(20)]
    return write_source(tmp_path_factory.mktemp("source") / "in", one_train=rows)


@pytest.fixture(scope="module")
def scored(source, tmp_path_factory):
    """A build with margins; not to be changed."""
    out = tmp_path_factory.mktemp("scored") / "out"
    pairsmith.build(source, out)
    pairsmith.annotate(out, "scores", SAID, SCORER)
    return out


def exported(out, dest, trainer="openrlhf", name="scores"):
    """What was written, and the margins by the row's number."""
    made = pairsmith.export(out, dest, trainer=trainer, margin_from=name)
    lines = [json.loads(line) for line in (dest / "one/train.jsonl").read_text().splitlines()]
    return made, {int(line["id"].rpartition("/")[2]): line["margin"] for line in lines}


@pytest.mark.parametrize("trainer", READERS)
def test_margins_are_written(scored, tmp_path, trainer):
    made, margins = exported(scored, tmp_path / "dest", trainer)
    none = 0.0 if trainer == "trl-reward" else None
    assert margins == {**MARGINS, 20: none}
    assert made.without_margin == 1
    assert made.to_dict()["without_margin"] == 1
    plain = pairsmith.export(scored, tmp_path / "plain", trainer=trainer)
    assert "without_margin" not in plain.to_dict()
    assert "margin" not in (tmp_path / "plain/one/train.jsonl").read_text()


def test_they_stand_in_place_of_those_of_the_build(tmp_path):
    rows = [{**told(n), "score": 9.0} for n in range(3)]
    source = write_source(tmp_path / "in", one_train=rows)
    out = tmp_path / "out"
    pairsmith.build(source, out, margin="score")
    pairsmith.annotate(out, "scores", SAID[:2], SCORER)
    assert exported(out, tmp_path / "dest")[1] == {1: -3.0, 2: 1.5, 3: None}


def test_labels_that_were_exchanged_by_them_have_them_the_other_way_round(source, scored, tmp_path):
    out = shutil.copytree(scored, tmp_path / "out")
    folder = f"{out}/annotations/scores"
    pairsmith.build(source, out, force=True, flip=1, judge="scores")
    assert exported(out, tmp_path / "dest0")[1] == {**MARGINS, 1: 3.0, 20: None}
    other = tmp_path / "other"
    pairsmith.build(source, other, judge=folder, flip=1, shard_rows=7)
    assert exported(other, tmp_path / "dest", name=folder)[1] == {**MARGINS, 1: 3.0, 20: None}
    pairsmith.annotate(out, "again", [{**SAID[0], "margin": 2.5}], SCORER)
    assert exported(out, tmp_path / "again", name="again")[1][1] == 2.5  # of this very build
    before = tree(tmp_path)
    with pytest.raises(AnnotationError, match="this one has exchanged labels"):
        pairsmith.export(
            other, tmp_path / "no", trainer="openrlhf", margin_from=f"{out}/annotations/again"
        )
    assert tree(tmp_path) == before


@pytest.mark.parametrize("trainer", [name for name in TRAINERS if name not in READERS])
def test_trainers_that_read_none_are_refused(scored, tmp_path, trainer):
    with pytest.raises(RecipeError, match=f"{trainer} reads no margins"):
        pairsmith.export(scored, tmp_path / "dest", trainer=trainer, margin_from="scores")
    assert not (tmp_path / "dest").exists()


@pytest.mark.parametrize(
    ("name", "said"), [("none", "There is no annotation"), ("odd", "has no margins")]
)
def test_an_annotation_that_has_none_is_refused(scored, tmp_path, name, said):
    out = shutil.copytree(scored, tmp_path / "out")
    odd = [{"id": "one/train/1", "label": "odd", "score": 0.5}]
    pairsmith.annotate(out, "odd", odd, SCORER)
    with pytest.raises(AnnotationError, match=said):
        pairsmith.export(out, tmp_path / "dest", trainer="openrlhf", margin_from=name)
    assert not (tmp_path / "dest").exists()
