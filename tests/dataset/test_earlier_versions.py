"""A build and an audit that 0.1.0 made, of the bundled sample's harmless-base, are read as ever.

`data/build-0.1.0` was written by that version: build, then audit of duplicates and length, whose
report is left out.
"""

import json
import shutil
from pathlib import Path

import pytest

import pairsmith
from pairsmith.dataset import annotations, card_audit
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows, refused_rows
from pairsmith.errors import AnnotationError

MADE = Path(__file__).parent / "data" / "build-0.1.0"
SAMPLE = Path(pairsmith.__file__).parent / "sources" / "sample" / "harmless-base"


@pytest.fixture
def out(tmp_path):
    return shutil.copytree(MADE, tmp_path / "out")


def test_a_build_is_whole_and_its_rows_are_read(out):
    assert pairsmith.check(out) == []
    built = read_manifest(out)
    assert built.pairsmith == "0.1.0"
    rows = list(kept_rows(out, built))
    assert len(rows) == built.totals.kept == 13
    assert len(list(refused_rows(out, built))) == 3


def test_the_same_build_is_known(out, tmp_path):
    source = shutil.copytree(SAMPLE, tmp_path / "harmless-base")
    assert pairsmith.build(source, out).reused
    assert read_manifest(out).pairsmith == "0.1.0"


def test_an_audit_is_read_and_made_anew(out):
    earlier = json.loads((out / card_audit.FOLDER / card_audit.NAME).read_text())
    assert earlier["pairsmith"] == "0.1.0"
    made = pairsmith.audit(out, questions=["duplicates", "length"])
    answered = made.to_dict()["questions"]
    assert all(answer.pop("claims") for answer in answered.values())  # which are new since
    assert answered == earlier["questions"]
    assert pairsmith.list_annotations(out) == ["audit"]
    assert pairsmith.check(out) == []


def test_an_audit_without_an_annotation_cannot_be_applied(out, tmp_path):
    source = shutil.copytree(SAMPLE, tmp_path / "harmless-base")
    before = (out / "manifest.json").read_bytes()
    with pytest.raises(AnnotationError, match="no annotation"):
        pairsmith.build(source, out, force=True, apply=["audit:duplicate"])
    assert (out / "manifest.json").read_bytes() == before
    assert not (out / annotations.FOLDER).exists()


def test_it_is_annotated_and_acted_on(out, tmp_path):
    source = shutil.copytree(SAMPLE, tmp_path / "harmless-base")
    said = [{"id": "harmless-base/train/2", "label": "vague"}]
    pairsmith.annotate(out, "reader", said, pairsmith.Annotator("a reader", "1"))
    built = pairsmith.build(source, out, force=True, apply=["reader:vague"])
    assert built.totals.kept == 12
    assert built.totals.quarantined["annotated"] == 1
