"""What tests of evaluations share: a build with scores."""

import shutil

import pytest

from support.scored import annotate, plant


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    """A build with scores of a calibrated model, and these by id. Not to be changed."""
    out, scores = plant(tmp_path_factory.mktemp("planted"), 120)
    annotate(out, "model", scores)
    return out, scores


@pytest.fixture
def out(planted, tmp_path):
    """The same build; may be changed."""
    return shutil.copytree(planted[0], tmp_path / "out")


@pytest.fixture
def scores(planted):
    """The scores of chosen and rejected by id; may be changed."""
    return dict(planted[1])
