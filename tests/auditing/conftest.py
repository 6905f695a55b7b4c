"""What tests of audits share: an audit of the sample, by questions of their own."""

import shutil

import pytest

import pairsmith
from support.planted import plant
from support.standins import STANDINS, hostile


@pytest.fixture
def out(sample_messages, tmp_path):
    """The sample, built as messages; may be changed."""
    return shutil.copytree(sample_messages, tmp_path / "out")


@pytest.fixture(scope="session")
def planted_audit(tmp_path_factory):
    """Rows with planted leaks, repeats and contradictions, audited for them. Not to be changed."""
    folder = tmp_path_factory.mktemp("planted")
    plant(folder / "in", 3, each=1)
    pairsmith.build(folder / "in", folder / "garden")
    pairsmith.audit(folder / "garden", questions=["duplicates", "leaks", "length"])
    return folder / "garden"


@pytest.fixture(scope="session")
def audited(sample_messages, tmp_path_factory):
    """The sample with an audit in it. Not to be changed."""
    out = shutil.copytree(sample_messages, tmp_path_factory.mktemp("audited") / "out")
    pairsmith.audit(out, questions={**STANDINS, "hostile": hostile})
    return out
