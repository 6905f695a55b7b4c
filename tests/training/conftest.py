"""What tests of training share: builds of few pairs and a tiny model. None is to be changed."""

from types import SimpleNamespace

import pytest

import pairsmith
from support.models.folders import write_causal
from support.training import pairs_file


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """`text`, `messages`, builds of 22 pairs; `model`, a causal model; their `folder`."""
    place = tmp_path_factory.mktemp("small")
    source = pairs_file(place / "teas", train=22, test=3)
    pairsmith.build(source, place / "text", template="llama2")
    pairsmith.build(source, place / "messages")
    return SimpleNamespace(
        folder=place,
        source=source,
        text=place / "text",
        messages=place / "messages",
        model=write_causal(place / "model"),
    )
