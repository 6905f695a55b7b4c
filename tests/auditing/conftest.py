"""What tests of audits share: an audit of the sample, by questions of their own."""

import shutil

import pytest

import pairsmith
from support.standins import STANDINS, hostile


@pytest.fixture
def out(sample_messages, tmp_path):
    """The sample, built as messages; may be changed."""
    return shutil.copytree(sample_messages, tmp_path / "out")


@pytest.fixture(scope="session")
def audited(sample_messages, tmp_path_factory):
    """The sample with an audit in it. Not to be changed."""
    out = shutil.copytree(sample_messages, tmp_path_factory.mktemp("audited") / "out")
    pairsmith.audit(out, questions={**STANDINS, "hostile": hostile})
    return out
