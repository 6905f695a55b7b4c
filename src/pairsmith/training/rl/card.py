"""The card of a policy that was trained by reinforcement learning."""

from __future__ import annotations

from typing import Any

from pairsmith.models.run_folder import RunManifest
from pairsmith.training.card import Kind, describe_training, fill_card
from pairsmith.training.job import Job
from pairsmith.training.method import Found

KIND = Kind(
    package="pairsmith.training.rl",
    pipeline_tag="text-generation",
    tags=("reinforcement-learning",),
    cut="asked without the beginning",
)

NAMED = {
    "reward": "reward",
    "watch": "by the model that watches",
    "kl": "KL from the start, nats a reply",
    "length": "tokens of a reply",
    "truncated": "replies without an end",
}


def card_of(job: Job, run: RunManifest, found: Found) -> str:
    """The card of a run."""
    trained = describe_training(run.config)
    return fill_card(
        KIND,
        run,
        job.built,
        {
            "title": f"Policy trained on {run.build['name']} by {run.config['method'].upper()}",
            "method": f"{trained}, merged" if run.config.get("use_peft") else trained,
            "reward": run.others["reward"],
            "watch": run.others.get("watch"),
            "held_out": run.others.get("held_out"),
            "rows": _rows(run.metrics),
            "parted": _parted(run),
            "evaluation": found.markdown,
        },
    )


def _rows(metrics: dict[str, float]) -> list[tuple[str, str, str]]:
    return [
        (said, f"{metrics[f'first_{name}']:.3g}", f"{metrics[f'last_{name}']:.3g}")
        for name, said in NAMED.items()
        if f"first_{name}" in metrics
    ]


def _parted(run: RunManifest) -> dict[str, Any] | None:
    """Where reward and watcher parted, by the manifest, 0 for no step; None where they did not."""
    if not run.metrics.get("parted"):
        return None
    names = ("parted_at", "best_step", "stopped_at", "kept_step")
    return {name: int(run.metrics.get(name, 0)) for name in names}
