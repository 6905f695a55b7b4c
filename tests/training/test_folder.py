"""The folder of a run: whose it is, and what of it is not to be trusted."""

import pytest

from pairsmith.errors import OutputError
from pairsmith.training.checkpoints import SEAL, is_whole
from pairsmith.training.folder import GROWING, PLAN, RunFolder

DEEP = "[" * 100_000


def test_a_link_out_of_the_run_is_not_grown_in(tmp_path):
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    run.mkdir()
    elsewhere.mkdir()
    (run / GROWING).symlink_to(elsewhere)
    with pytest.raises(OutputError, match="is not pairsmith's"), RunFolder(str(run), {}).claimed():
        pass
    assert not any(elsewhere.iterdir())


def test_files_of_ours_that_are_damaged_are_as_good_as_none(tmp_path):
    run = tmp_path / "run"
    (run / GROWING).mkdir(parents=True)
    (run / GROWING / PLAN).write_text(DEEP)
    assert RunFolder(str(run), {}).whole() is None
    (run / SEAL).write_text(DEEP)
    assert not is_whole(run)
