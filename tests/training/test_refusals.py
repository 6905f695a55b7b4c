"""What TRL, transformers and torch refuse once a training begins is told in a sentence."""

import pytest

from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import OutputError, RecipeError
from support.slow import quick
from support.training import train_policy

REFUSED = {
    "optimizer": ({"adam_beta1": 1.0}, "Invalid beta parameter"),
    "package": ({"optim": "lomo"}, "lomo"),
    "schedule": ({"lr_scheduler_kwargs": {"leaves": 1}}, "leaves"),
    "zero": ({"lr_scheduler_type": "polynomial", "max_steps": 1}, "division by zero"),
    "reports": ({"report_to": "wandb"}, "wandb"),
    "checkpointing": (
        {
            "gradient_checkpointing": True,
            "gradient_checkpointing_kwargs": {"leaves": 1, "use_reentrant": False},
        },
        "leaves",
    ),
    "file": ({"accelerator_config": "nowhere.json"}, "nowhere.json"),
}  # fmt: skip


@pytest.mark.parametrize("name", quick(REFUSED, "optimizer"))
def test_what_the_trainer_refuses_is_a_sentence_and_leaves_nothing(small, tmp_path, name):
    import yaml

    settings, said = REFUSED[name]
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(RecipeError, match=f"The trainer refuses the settings: .*{said}"):
        train_policy(small.messages, tmp_path / "run", small.model, config=tmp_path / "c.yaml")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("role", ["build", "model_name_or_path", "score"])
def test_a_run_is_not_written_over_what_it_is_made_from(small, tmp_path, role):
    named = {"build": small.messages, "model_name_or_path": small.model, "score": tmp_path / "rm"}
    (tmp_path / "rm").mkdir()
    (tmp_path / "run").symlink_to(named[role])
    build, model = named["build"], named["model_name_or_path"]
    with pytest.raises(OutputError, match="is the folder of the run, and"):
        train_policy(build, tmp_path / "run", model, score=str(named["score"]), force=True)


def test_a_trained_model_is_no_build(tmp_path):
    (tmp_path / "manifest.json").write_text('{"kind": "dpo"}')
    with pytest.raises(OutputError, match="holds no build, but a model .* by train dpo"):
        read_manifest(tmp_path)
