"""Reinforcement learning as a method of training: TRL's RLOO or GRPO, on the prompts of a build."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pairsmith.dataset import folder
from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import ModelError, OutputError, RecipeError
from pairsmith.models.generation.replies import reply_reader
from pairsmith.schema.rows import Form
from pairsmith.schema.splits import is_held_out
from pairsmith.training.fit import name_model, name_parent
from pairsmith.training.heads import adapters
from pairsmith.training.job import Job
from pairsmith.training.judges import opened
from pairsmith.training.ledger import Fate, add_up, sentence
from pairsmith.training.method import (
    Conclusion,
    Configuration,
    Loaded,
    Method,
    Parents,
    Settings,
)
from pairsmith.training.pairs import ROWS, read_rows
from pairsmith.training.progress import TrainingProgress, TrainingWatch
from pairsmith.training.rl import bench, conclusion
from pairsmith.training.rl.card import card_of
from pairsmith.training.rl.evaluation import HELD_OUT, evaluate_policy
from pairsmith.training.rl.fit import check_models
from pairsmith.training.rl.options import (
    CHOICES,
    DEFAULTS,
    LOWEST,
    METHODS,
    OTHERWISE_SET,
    OURS,
    REFUSED,
    RlOptions,
    learning_rate_of,
)
from pairsmith.training.rl.prompts import (
    PromptRows,
    PromptWriter,
    open_prompts,
    read_asked,
    write_prompts,
)
from pairsmith.training.rl.proof import prove_prompts, prove_rewards
from pairsmith.training.rl.rewards import MissingEnd, Reward
from pairsmith.training.rows import Encoding

if TYPE_CHECKING:
    from pairsmith.models.policies import Policy
    from pairsmith.training.recorder import Recorder

SLACK = 8
"""Tokens that a preference model may read beside prompt and reply: what ends a text."""

HELD = 4_096
"""Prompts that are held in memory; others are read from the file again."""


def _rloo() -> type:
    from trl.trainer.rloo_config import RLOOConfig

    kind: type = RLOOConfig
    return kind


def _grpo() -> type:
    from trl.trainer.grpo_config import GRPOConfig

    kind: type = GRPOConfig
    return kind


def _check(settings: Settings) -> None:
    """Checks settings against each other.

    Raises:
        RecipeError: No preference model is named, the method is none, or something is not to be
            set.
    """
    if not settings.get("reward"):
        raise RecipeError("No preference model is named.", "Name one: --reward, or reward in YAML.")
    if settings["method"] not in METHODS:
        raise RecipeError(
            f"{settings['method']!r} is no method.", f"Methods are {' and '.join(METHODS)}."
        )
    for name in settings.get("generation_kwargs") or ():
        if name in OTHERWISE_SET:
            raise RecipeError(
                f"generation_kwargs sets {name}.", f"Set {OTHERWISE_SET[name]} in its place."
            )
    if len(settings.get("reward_clip_range") or (0, 0)) != 2:
        raise RecipeError(
            f"reward_clip_range is {settings['reward_clip_range']}.",
            "Expected two numbers: the least and the most that a reward counts.",
        )
    for name, why in REFUSED.items():
        if settings.get(name):
            raise RecipeError(f"{name} is not to be set.", why)


def _check_build(built: Manifest, settings: Settings) -> None:
    """Checks that there are prompts, and that the models fit them and each other.

    Raises:
        OutputError: There is no such subset, or no row of train.
        ModelError: The models do not fit.
    """
    known = list(dict.fromkeys(entry.subset for entry in built.ledger))
    for name in settings["subset"]:
        if name not in known:
            raise OutputError(f"The build has no subset {name!r}.", f"It has {', '.join(known)}.")
    meant = [
        one for one in built.ledger if not settings["subset"] or one.subset in settings["subset"]
    ]
    if not any(entry.kept for entry in meant if not is_held_out(entry.split)):
        splits = ", ".join(dict.fromkeys(entry.split for entry in meant))
        raise OutputError(
            f"No row is of the split train; there is {splits}.",
            "pairsmith split divides a build: its help tells how.",
        )
    form = built.recipe.form
    named = {role: name_model(name, form) for role, name in bench.roles_of(settings).items()}
    check_models(name_model(settings["model_name_or_path"], form), named, built)


def _load(settings: Settings, form: Form) -> Policy:
    from pairsmith.models.policies import load_policy

    return load_policy(settings["model_name_or_path"], form, device="cpu")


def _parents(settings: Settings, _loaded: Loaded) -> Parents:
    """The preference models.

    Raises:
        ModelError: One is not there, or is not what its run wrote; or both are the same.
    """
    held = {role: name_parent(name) for role, name in bench.roles_of(settings).items()}
    if "watch" in held and held["watch"]["sha256"] == held["reward"]["sha256"]:
        raise ModelError(
            f"{settings['watch']}, named by --watch, is the model that rewards: the two would "
            "never part.",
            "Name a preference model of other rows, or leave --watch out.",
        )
    return held


def _encode(job: Job, watch: TrainingWatch | None) -> Encoding:
    """The prompts as token ids, in files; every process has the account, one a machine writes.

    Raises:
        OutputError: No prompt is left.
        ModelError: A reply takes all tokens that there may be.
    """
    total = sum(entry.kept for entry in job.built.ledger if not is_held_out(entry.split))

    def tell(what: str, done: int) -> None:
        if watch is not None and job.is_main:
            watch(TrainingProgress("rows", what, done, total))

    growing, longest = job.place.growing, _longest(job)
    growing.mkdir(parents=True, exist_ok=True)
    path = growing / ROWS if job.is_local_main else Path(os.devnull)
    if job.is_local_main:
        for path_of_before in growing.glob("cache-*.arrow"):  # the trainer's, of its rows
            path_of_before.unlink()
    subsets = frozenset(job.settings["subset"])
    with (
        folder.writing(job.place.path),
        open_prompts(job.built, job.loaded.tokenizer, job.loaded.name) as reader,
    ):
        made = PromptWriter(path, reader, subsets, longest).write(job.out, job.built, tell)
        if job.is_local_main:
            write_prompts(growing / HELD_OUT, made.held_out)
    if not made.trained:
        total_of = add_up(made.accounts)
        hint = "pairsmith audit tells what such a build holds."
        if total_of.others.get(Fate.TOO_LONG):
            hint = (
                f"The longest prompt has {made.longest:,} tokens; {longest:,} leave room to reply."
            )
        elif made.refusal is not None:
            hint = f"Of {made.refusal[0]} is said: {made.refusal[1]}"
        raise OutputError(f"No prompt is left to train on: {sentence(total_of)}.", hint)
    return made


def _longest(job: Job) -> int:
    """The most tokens of a prompt, so that a reply has room in what any of the models can read."""
    rooms = {job.loaded.name: int(job.settings["max_length"])}
    for name in bench.roles_of(job.settings).values():
        room = name_model(name, job.built.recipe.form).room
        if room is not None:
            rooms[name] = room - SLACK
    name, room = min(rooms.items(), key=lambda one: one[1])
    longest = room - int(job.settings["max_completion_length"])
    if longest < 1:
        raise ModelError(
            f"A reply of {job.settings['max_completion_length']:,} tokens leaves no room for a "
            f"prompt in the {room:,} of {name}.",
            "Lower max_completion_length, or raise max_length.",
        )
    return longest


def _prove(job: Job, made: Encoding) -> int:
    """Proves prompts and rewards on a sample; see `proof`."""
    if not isinstance(made, PromptRows):
        raise TypeError("these are no prompts")
    policy: Any = job.loaded
    tokenizer = policy.tokenizer
    compared = 0
    with open_prompts(job.built, tokenizer, job.loaded.name) as reader:
        prove_prompts(made.prompts, tokenizer, reader.behind)
        if not made.pairs:
            return 0
        pairs = pa.Table.from_batches(made.pairs).combine_chunks().to_batches()
        replies = reply_reader(policy, [one.to_asked().said for one in made.prompts], reader.chat)
        for judge in bench.named_judges(job):
            with opened(job.built, [judge]):
                compared += sum(prove_rewards(one, reader, replies, judge) for one in pairs)
    return compared


def _make_trainer(job: Job, recorder: Recorder) -> Any:
    """TRL's trainer with the prompts, the rewards and the policy as it is to be trained."""
    from pairsmith.training.rl.trainer import Course, trainer_class

    args, settings = job.args, job.settings
    if args.steps_per_generation * args.num_iterations % args.gradient_accumulation_steps:
        raise RecipeError(
            f"steps_per_generation × num_iterations is {args.steps_per_generation} × "
            f"{args.num_iterations}, no multiple of gradient_accumulation_steps, "
            f"{args.gradient_accumulation_steps}.",
            "A step would learn from replies of two moments: choose a multiple.",
        )
    policy: Any = job.loaded
    rows, tokenizer = read_rows(job), policy.tokenizer
    asked = lru_cache(HELD)(lambda row: read_asked(rows[row]))
    judges = bench.load_judges(job, str(args.device))
    with open_prompts(job.built, tokenizer, job.loaded.name) as reader:
        first = [asked(row) for row in range(min(8, len(rows)))]
        replies = reply_reader(policy, [one.said for one in first], reader.chat)
    functions: list[Any] = [
        Reward(role, judge, replies, asked)
        for role, judge in zip(bench.roles_of(settings), judges, strict=True)
    ]
    if settings["missing_eos_penalty"]:
        functions.append(MissingEnd(replies, settings["missing_eos_penalty"]))
    args.reward_weights = [float(one.__name__ != "watch") for one in functions]
    return trainer_class(settings["method"])(
        model=job.loaded.model,
        reward_funcs=functions,
        args=args,
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=adapters(settings, None) if settings["use_peft"] else None,
        callbacks=[recorder],
        ids=lambda row: asked(row).id,
        keep=settings["save_total_limit"],
        course=Course(asked, lambda: opened(job.built, judges), recorder, settings["stop"]),
    )


def _conclude(job: Job, trainer: Any, records: Sequence[Mapping[str, Any]]) -> Conclusion:
    return conclusion.conclude(job.settings, trainer, records)


def _method(theirs: Any) -> Method:
    return Method(
        kind="rl",
        configuration=Configuration(
            options=RlOptions,
            theirs=theirs,
            defaults=DEFAULTS,
            ours=OURS,
            learning_rate=learning_rate_of,
            check=_check,
            lowest=LOWEST,
            choices=CHOICES,
        ),
        check_build=_check_build,
        load=_load,
        parents=_parents,
        encode=_encode,
        prove=_prove,
        make_trainer=_make_trainer,
        conclude=_conclude,
        evaluate=evaluate_policy,
        card=card_of,
    )


BY_NAME: Mapping[str, Method] = {"rloo": _method(_rloo), "grpo": _method(_grpo)}
"""The two ways to learn: each is a record, for TRL has a configuration of its own for each."""

METHOD = BY_NAME["rloo"]
"""The one that holds where none is named."""
