"""What tests of reinforcement learning share. None of it is to be changed."""

from types import SimpleNamespace

import pytest

from support.models.counting import GOOD, build_words, write_counter, write_policy


@pytest.fixture(scope="session")
def words(tmp_path_factory):
    """`messages`, `text`, builds of 32 prompts; `policy`; `likes` and `dislikes`, which count."""
    pytest.importorskip("trl")
    place = tmp_path_factory.mktemp("words")
    return SimpleNamespace(
        messages=build_words(place / "messages", "messages", train=64, test=24),
        text=build_words(place / "text", "text", train=64, test=24),
        policy=write_policy(place / "policy"),
        likes=write_counter(place / "likes", dict.fromkeys(GOOD, 1.0)),
        dislikes=write_counter(place / "dislikes", dict.fromkeys(GOOD, -1.0)),
    )
