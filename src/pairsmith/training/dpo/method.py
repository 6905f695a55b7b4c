"""DPO as a method of training: TRL's DPOTrainer, on prompts and replies apart."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import TokenizerError
from pairsmith.schema.rows import Form
from pairsmith.training.dpo.card import card_of
from pairsmith.training.dpo.evaluation import evaluate_policy
from pairsmith.training.dpo.options import (
    CHOICES,
    DEFAULTS,
    OURS,
    DpoOptions,
    check_settings,
    learning_rate_of,
)
from pairsmith.training.dpo.proof import prove_ids
from pairsmith.training.dpo.rows import KEEP_START, PartedEndWriter, PartedWriter
from pairsmith.training.fit import check_judge, name_model, name_parent
from pairsmith.training.heads import adapters
from pairsmith.training.job import Job
from pairsmith.training.method import Configuration, Loaded, Method, Parents, Settings
from pairsmith.training.pairs import check_build, encode_pairs, read_rows, wanted_pairs
from pairsmith.training.progress import TrainingWatch
from pairsmith.training.rows import Encoding

if TYPE_CHECKING:
    from pairsmith.models.policies import Policy
    from pairsmith.training.recorder import Recorder


def _theirs() -> type:
    from trl.trainer.dpo_config import DPOConfig

    kind: type = DPOConfig
    return kind


def _load(settings: Settings, form: Form) -> Policy:
    """The policy, on the CPU: a trainer moves it.

    Raises:
        ModelError: It cannot be loaded, gives scores, or does not fit its tokenizer.
        TokenizerError: Its tokenizer cannot do what the rows want, or has no EOS.
    """
    from pairsmith.models.policies import load_policy

    policy = load_policy(settings["model_name_or_path"], form, device="cpu")
    if policy.tokenizer.eos_token is None:
        raise TokenizerError(
            f"The tokenizer of {policy.name} has no EOS token, by which a reply ends.",
            "Name one as eos_token in its tokenizer_config.json.",
        )
    return policy


def _check_build(built: Manifest, settings: Settings) -> None:
    """Checks the build, and that the preference model that is named can judge its replies."""
    check_build(built, settings)
    if settings["score"] is not None:
        check_judge(name_model(settings["score"], built.recipe.form), "score", built)


def _parents(settings: Settings, _loaded: Loaded) -> Parents:
    name = settings["score"]
    return {} if name is None else {"score": name_parent(name)}


def _encode(job: Job, watch: TrainingWatch | None) -> Encoding:
    starts = job.settings["truncation_mode"] == KEEP_START
    return encode_pairs(job, watch, wanted_pairs(job), PartedWriter if starts else PartedEndWriter)


def _prove(job: Job, made: Encoding) -> int:
    return prove_ids(made.sample, job.loaded.tokenizer, job.built.recipe.form)


def _make_trainer(job: Job, recorder: Recorder) -> Any:
    """TRL's trainer with the rows, the policy, and the reference.

    Raises:
        RecipeError: TRL refuses a setting.
    """
    from pairsmith.training.dpo.trainer import Collator, PolicyTrainer

    rows, settings, args = read_rows(job), job.settings, job.args
    model, tokenizer = job.loaded.model, job.loaded.tokenizer
    # with adapters the reference is the model without them; or what it says is asked beforehand
    alone = settings["use_peft"] or args.precompute_ref_log_probs
    return PolicyTrainer(
        model=model,
        ref_model=None if alone else copy.deepcopy(model),
        args=args,
        data_collator=Collator(
            pad_token_id=tokenizer.pad_token_id,
            max_length=args.max_length,
            truncation_mode=args.truncation_mode,
            pad_to_multiple_of=args.pad_to_multiple_of,
        ),
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=adapters(settings, None) if settings["use_peft"] else None,
        callbacks=[recorder],
        ids=lambda row: str(rows[row]["id"]),
        keep=settings["save_total_limit"],
    )


METHOD = Method(
    kind="dpo",
    configuration=Configuration(
        options=DpoOptions,
        theirs=_theirs,
        defaults=DEFAULTS,
        ours=OURS,
        learning_rate=learning_rate_of,
        check=check_settings,
        lowest={"precompute_ref_batch_size": 1},
        choices=CHOICES,
    ),
    check_build=_check_build,
    load=_load,
    encode=_encode,
    prove=_prove,
    make_trainer=_make_trainer,
    evaluate=evaluate_policy,
    card=card_of,
    parents=_parents,
)
