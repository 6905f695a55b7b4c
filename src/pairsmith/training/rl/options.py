"""The options of reinforcement learning, besides those of any training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pairsmith.schema.options import Option
from pairsmith.training import options
from pairsmith.training.options import LARGE, TrainingArguments, TrainingOptions

METHODS = ("rloo", "grpo")
"""TRL's RLOOTrainer and its GRPOTrainer."""


@dataclass(frozen=True)
class RlOptions(TrainingOptions):
    """What decides a training of a policy against a preference model; None for what is not said."""

    reward: Annotated[
        str | None, Option("The preference model that gives the reward.", "MODEL")
    ] = None
    watch: Annotated[
        str | None,
        Option("A preference model that gives none, and watches; best of other data.", "MODEL"),
    ] = None
    method: Annotated[str | None, Option("How it learns: rloo or grpo; rloo.", "NAME")] = None
    beta: Annotated[float | None, Option("What a nat of KL from the start costs; 0.05.", "X")] = (
        None
    )
    stop: Annotated[
        bool | None,
        Option("Stop where reward and watcher part, or only tell; stop.", flag="--stop/--no-stop"),
    ] = None
    num_generations: Annotated[int | None, Option("Replies to a prompt; 4.", "N")] = None
    max_completion_length: Annotated[
        int | None, Option("The most tokens of a reply; 128.", "N")
    ] = None
    temperature: Annotated[float | None, Option("Of the replies; 1.", "X")] = None
    missing_eos_penalty: Annotated[
        float | None, Option("Take X off the reward of a reply without an end.", "X")
    ] = None
    max_length: Annotated[
        int | None,
        Option("The most tokens of prompt and reply; 1024, or what the models take.", "N"),
    ] = None
    learning_rate: Annotated[float | None, Option("1e-6; 1e-5 with --lora.", "RATE")] = None
    num_train_epochs: Annotated[float | None, Option("Times over the prompts; 1.", "N")] = None
    per_device_train_batch_size: Annotated[
        int | None, Option("Replies that a device takes at a time; 8.", "N")
    ] = None
    gradient_accumulation_steps: Annotated[
        int | None, Option("Such batches that make up a step; as many as make 64 replies.", "N")
    ] = None


class RlArguments(TrainingArguments, total=False):
    """The fields, as keywords of `pairsmith.train_rl`."""

    reward: str | None
    watch: str | None
    method: str | None
    beta: float | None
    stop: bool | None
    num_generations: int | None
    max_completion_length: int | None
    temperature: float | None
    missing_eos_penalty: float | None


DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        **options.DEFAULTS,
        "watch": None,
        "method": "rloo",
        "beta": 0.05,
        "stop": True,
        "num_generations": 4,
        "max_completion_length": 128,
        "temperature": 1.0,
        "missing_eos_penalty": None,
        "logging_steps": 1,
        "disable_dropout": True,
    }
)
"""What holds where nothing is said, of what neither model nor device decides. At most 128 new
tokens, as arXiv 2204.05862 had it."""

OURS = frozenset(
    {
        *options.OURS, "reward", "watch", "method", "stop", "missing_eos_penalty",
        "max_length",
    }
)  # fmt: skip
"""The settings that TRL's configurations do not take."""

REFUSED = {
    "reward_weights": "The reward has the weight 1, and what watches none.",
    "chat_template_kwargs": "Prompts are written as previews show them.",
    "sync_ref_model": "The KL divergence is that from the start.",
    "log_completions": "The library prints nothing; evaluation/samples.jsonl has replies.",
    "use_vllm": "Replies are drawn so that a run which is gone on with draws the same.",
    "use_transformers_continuous_batching": "Replies are drawn so that a run which is gone on with "
    "draws the same.",
    "remove_unused_columns": "The rows are pairsmith's own.",
}
"""Settings of TRL's that are not to be set, and why."""

CHOICES = {
    "loss_type": (
        "grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo",
    ),
    "importance_sampling_level": ("token", "sequence"),
    "scale_rewards": ("group", "batch", "none"),
}  # fmt: skip
"""The words that some settings of GRPO's can be."""

OTHERWISE_SET = {
    "do_sample": "temperature", "num_return_sequences": "num_generations",
    "max_new_tokens": "max_completion_length", "max_length": "max_completion_length",
    "temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
}  # fmt: skip
"""What `generation_kwargs` may not hold, and the setting that says it."""

LOWEST = {
    "beta": 0.0, "num_generations": 2, "max_completion_length": 1, "temperature": 1e-6,
    "missing_eos_penalty": 0.0, "top_p": 0.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 0.0,
    "num_iterations": 1, "steps_per_generation": 1,
}  # fmt: skip
"""The least that some settings can be."""


def learning_rate_of(settings: Mapping[str, Any], weights: int) -> float:
    """The learning rate where none is named.

    Args:
        settings: The options, settled.
        weights: How many the model has.
    """
    if settings["use_peft"]:
        return 1e-5
    return 1e-7 if weights > 10 * LARGE else 1e-6
