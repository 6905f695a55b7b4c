"""The card of a preference model."""

from __future__ import annotations

from typing import Any

from pairsmith.dataset.manifest import Manifest
from pairsmith.models.run_folder import RunManifest
from pairsmith.training.card import Kind, describe_training, fill_card
from pairsmith.training.job import Job
from pairsmith.training.method import Found

KIND = Kind(
    package="pairsmith.training.reward",
    pipeline_tag="text-classification",
    tags=("reward-model", "preference-model"),
    cut="trained on without the beginning of the prompt",
)


def card_of(job: Job, run: RunManifest, found: Found) -> str:
    """The card of a run."""
    return card_text(run, job.built, str(job.loaded.tokenizer.pad_token), found.markdown)


def card_text(run: RunManifest, built: Manifest, pad: str, evaluation: str = "") -> str:
    """The card of a preference model.

    Args:
        run: Its manifest, but for the outputs.
        built: The manifest of the build that it learnt from.
        pad: The token that it pads with.
        evaluation: How good it is on rows that were held out, as Markdown; empty where nothing
            tells.
    """
    trained = describe_training(run.config)
    return fill_card(
        KIND,
        run,
        built,
        {
            "title": f"Preference model of {run.build['name']}",
            "pad": pad,
            "evaluation": evaluation,
            "method": f"{trained} and the head, merged" if run.config.get("use_peft") else trained,
            "loss": _loss(run.config),
        },
    )


def _loss(config: dict[str, Any]) -> str:
    less, margin = (" − m", ", m the margin of the pair") if config["margin"] else ("", "")
    if config["confidence"] is None:
        return f"−log σ(Δ{less}), Δ the difference of the scores{margin}"
    return (
        f"−[c · log σ(Δ{less}) + (1 − c) · log σ(−Δ{less})], Δ the difference of the scores, c the "
        f"confidence in the label{margin}"
    )
