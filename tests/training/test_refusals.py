"""What TRL, transformers and torch refuse once a training begins is told in a sentence."""

import pytest

from pairsmith.errors import RecipeError
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
