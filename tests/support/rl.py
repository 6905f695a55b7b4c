"""Trainings by reinforcement learning in a language of few words, on one thread."""

import json

import pairsmith

SETTINGS = {
    "per_device_train_batch_size": 32, "gradient_accumulation_steps": 1, "num_generations": 4,
    "learning_rate": 2e-2, "max_completion_length": 8, "max_steps": 12,
}  # fmt: skip
"""Steps of eight prompts with four replies each."""


def train_rl_quietly(build, run, policy, reward, **options):
    """A training on one thread, without an evaluation unless one is asked for; returns the run."""
    import torch

    torch.set_num_threads(1)
    named = {"model_name_or_path": str(policy), "reward": reward and str(reward)}
    return pairsmith.train_rl(build, run, **{"evaluate": False, **SETTINGS, **named, **options})


def metrics_of(run):
    """The lines of a run's metrics, without what is of the clock."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in line if name != "tokens_per_second"} for line in lines]
