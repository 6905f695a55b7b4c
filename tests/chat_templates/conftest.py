"""Templates of a test's own."""

import pytest


@pytest.fixture
def template(tmp_path):
    def write(source, name="odd.jinja"):
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        return path

    return write
