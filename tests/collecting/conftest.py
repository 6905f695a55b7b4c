"""A stand-in for a model's server, and collections whose model it is."""

import pytest

from support import collected
from support.chat_server import chatting
from support.collecting_browser import models_of


@pytest.fixture
def server():
    with chatting() as made:
        yield made


@pytest.fixture
def begun(server, tmp_path):
    """Begins a collection against the stand-in."""

    def begin(name="c", **settings):
        settings = {"models": models_of(server), **settings}
        return collected.begin(tmp_path / name, **settings)

    return begin
