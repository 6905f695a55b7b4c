"""What tests of the command line share."""

import sys

import pytest

from pairsmith.cli import main


@pytest.fixture
def run(monkeypatch, capfd):
    """Runs a command line; returns exit status, stdout and stderr."""

    def command(*args):
        monkeypatch.setattr(sys, "argv", ["pairsmith", *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            main()
        return (caught.value.code, *capfd.readouterr())

    return command
