"""The card of a policy that was trained by DPO."""

from __future__ import annotations

from typing import Any

from pairsmith.dataset.manifest import Manifest
from pairsmith.models.run_folder import RunManifest
from pairsmith.training.card import Kind, describe_training, fill_card
from pairsmith.training.job import Job
from pairsmith.training.method import Found

KIND = Kind(
    package="pairsmith.training.dpo",
    pipeline_tag="text-generation",
    tags=("dpo",),
    cut="trained on without the end of a reply, or with keep_end without the beginning",
)


def card_of(job: Job, run: RunManifest, found: Found) -> str:
    """The card of a run."""
    return card_text(run, job.built, found.markdown)


def card_text(run: RunManifest, built: Manifest, evaluation: str = "") -> str:
    """The card of a policy.

    Args:
        run: Its manifest, but for the outputs.
        built: The manifest of the build that it learnt from.
        evaluation: How it does on rows that were held out, as Markdown; empty where nothing tells.
    """
    trained = describe_training(run.config)
    told = {
        "title": f"Policy trained on {run.build['name']}",
        "evaluation": evaluation,
        "method": f"{trained}, merged" if run.config["use_peft"] else trained,
        "loss": _loss(run.config),
    }
    return fill_card(KIND, run, built, told)


def _loss(config: dict[str, Any]) -> str:
    z = f"z = {config['beta']:g} · (log-ratio of chosen − log-ratio of rejected)"
    less, margin = (" − m", ", m the margin of the pair") if config["margin"] else ("", "")
    if config["confidence"] is not None:
        return (
            f"−[c · log σ(z{less}) + (1 − c) · log σ(−z{less})], {z}, c the confidence in the "
            f"label{margin}"
        )
    if config["loss_type"] == ["sigmoid"]:
        return f"−log σ(z{less}), {z}{margin}"
    return f"TRL's {' + '.join(config['loss_type'])}, beta {config['beta']:g}"
