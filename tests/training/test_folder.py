"""The folder of a run: whose it is, and what of it is not to be trusted."""

import pytest

from pairsmith.errors import OutputError
from pairsmith.io.durable import partial_path
from pairsmith.io.locks import LOCK
from pairsmith.training.checkpoints import SEAL, is_last, is_whole, seal
from pairsmith.training.folder import GROWING, MOVING, PLAN, RunFolder

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


def test_a_run_that_made_no_checkpoint_leaves_nothing(tmp_path):
    run = tmp_path / "run"
    with pytest.raises(ValueError, match="no more"), RunFolder(str(run), {}).claimed():
        (run / GROWING / "rows.arrow").write_text("tea")
        raise ValueError("no more")
    assert not run.exists()


def test_a_run_that_was_killed_before_a_checkpoint_bars_no_other(tmp_path):
    run = tmp_path / "run"
    (run / GROWING).mkdir(parents=True)
    (run / GROWING / LOCK).touch()
    (run / GROWING / PLAN).write_text('{"config": {"beta": 1}}')
    other = RunFolder(str(run), {"config": {"beta": 2}})
    assert other.whole() is None
    seal(add_checkpoint(run))
    with pytest.raises(OutputError, match="the beginning of a run by other settings: beta is 1"):
        other.whole()


def test_what_can_be_gone_on_with_is_kept(tmp_path):
    run = tmp_path / "run"
    with pytest.raises(ValueError, match="no more"), RunFolder(str(run), {}).claimed():
        seal(add_checkpoint(run))
        raise ValueError("no more")
    assert (run / GROWING / "checkpoint-4" / SEAL).exists()


def add_checkpoint(run):
    place = run / GROWING / "checkpoint-4"
    place.mkdir()
    (place / "weights").write_text("tea")
    return place


def test_a_checkpoint_that_does_not_tell_its_step_is_named(tmp_path):
    (tmp_path / "trainer_state.json").write_text('{"global_step": "x", "max_steps": 3}')
    with pytest.raises(OutputError, match="checkpoint .* cannot be read"):
        is_last(tmp_path)


def test_a_manifest_that_was_being_written_bars_nobody(tmp_path):
    run = tmp_path / "run"
    (run / GROWING).mkdir(parents=True)
    half = partial_path(run / "manifest.json")
    half.write_text("{")
    with pytest.raises(OutputError, match="holds something else"):
        RunFolder(str(run), {}).whole()
    (run / GROWING / MOVING).write_text('{"config.json": 0}')
    folder = RunFolder(str(run), {})
    assert folder.whole() is None
    (folder.empty_finished() / "config.json").write_text("{}")
    folder.move_in()
    assert not half.exists()
    assert (run / "config.json").exists()
