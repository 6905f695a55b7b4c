"""Preference models as a method of training: TRL's RewardTrainer, on whole sides of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pairsmith.errors import RecipeError
from pairsmith.schema.rows import Form
from pairsmith.training.heads import adapters, freeze_but_head, head_of
from pairsmith.training.job import Job
from pairsmith.training.method import Configuration, Method, Settings
from pairsmith.training.pairs import check_build, encode_pairs, read_rows, wanted_pairs
from pairsmith.training.progress import TrainingWatch
from pairsmith.training.reward.card import card_of
from pairsmith.training.reward.evaluation import evaluate_held_out
from pairsmith.training.reward.options import DEFAULTS, OURS, RewardOptions, learning_rate_of
from pairsmith.training.reward.proof import prove_ids
from pairsmith.training.rows import Encoding

if TYPE_CHECKING:
    from pairsmith.models.loading import Scorer
    from pairsmith.training.recorder import Recorder


def _theirs() -> type:
    from trl.trainer.reward_config import RewardConfig

    kind: type = RewardConfig
    return kind


def _check(settings: Settings) -> None:
    """Checks settings against each other.

    Raises:
        RecipeError: Two are at odds.
    """
    if settings["use_peft"] and settings["head_only"]:
        raise RecipeError(
            "Adapters and the head alone are asked for.", "Leave out --lora or --head-only."
        )


def _load(settings: Settings, form: Form) -> Scorer:
    from pairsmith.models.loading import load_for_training

    return load_for_training(settings["model_name_or_path"], form, seed=settings["seed"])


def _encode(job: Job, watch: TrainingWatch | None) -> Encoding:
    return encode_pairs(job, watch, wanted_pairs(job, cut=job.settings["cut"]))


def _prove(job: Job, made: Encoding) -> int:
    return prove_ids(made.sample, job.loaded.tokenizer, job.built.recipe.form)


def _make_trainer(job: Job, recorder: Recorder) -> Any:
    """TRL's trainer with the rows and the model as it is to be trained."""
    from pairsmith.training.reward.trainer import Collator, PreferenceTrainer

    rows = read_rows(job)
    model, tokenizer = job.loaded.model, job.loaded.tokenizer
    if job.settings["head_only"]:
        freeze_but_head(model)
    return PreferenceTrainer(
        model=model,
        args=job.args,
        data_collator=Collator(tokenizer.pad_token_id, job.args.pad_to_multiple_of),
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=adapters(job.settings, head_of(model)) if job.settings["use_peft"] else None,
        callbacks=[recorder],
        ids=lambda row: str(rows[row]["id"]),
        keep=job.settings["save_total_limit"],
    )


METHOD = Method(
    kind="reward",
    configuration=Configuration(
        options=RewardOptions,
        theirs=_theirs,
        defaults=DEFAULTS,
        ours=OURS,
        learning_rate=learning_rate_of,
        check=_check,
    ),
    check_build=check_build,
    load=_load,
    encode=_encode,
    prove=_prove,
    make_trainer=_make_trainer,
    evaluate=evaluate_held_out,
    card=card_of,
)
