"""The card of a trained model: front matter that a hub reads, and a body for people."""

from __future__ import annotations

from typing import Any

from pairsmith.dataset.card import front_matter, markdown_filler
from pairsmith.dataset.card_prose import begin, end
from pairsmith.dataset.manifest import Manifest
from pairsmith.evaluating.record import Evaluation
from pairsmith.models import smollm2
from pairsmith.models.run_folder import RunManifest
from pairsmith.schema.rows import Form
from pairsmith.training.ledger import EXPLANATIONS, Fate

NAME = "README.md"
HERE = "PATH_OR_NAME"
CUT = "cut"


def card_text(
    run: RunManifest, built: Manifest, pad: str, evaluation: Evaluation | None = None
) -> str:
    """The card of a preference model.

    Args:
        run: Its manifest, but for the outputs.
        built: The manifest of the build that it learnt from.
        pad: The token that it pads with.
        evaluation: How good it is on rows that were held out; None where nothing tells.
    """
    import yaml

    fields = front_matter(built)
    licence = fields.get("license")
    matter: dict[str, Any] = {
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "base_model": run.base["name"],
        "language": fields.get("language"),
        "tags": ["reward-model", "preference-model", "pairsmith", "trl"],
    }
    if "/" not in run.base["name"]:
        del matter["base_model"]  # a folder of this machine is no name on a hub
    if run.base["name"] == smollm2.NAME:
        matter["base_model"] = smollm2.ORIGIN
    told = {name: value for name, value in matter.items() if value is not None}
    head = yaml.safe_dump(told, sort_keys=False, allow_unicode=True)
    body = _body(run, str(licence or ""), (pad, evaluation)).rstrip("\n")
    return f"---\n{head}---\n\n{begin('run')}\n{body}\n{end('run')}\n"


def _body(run: RunManifest, licence: str, told: tuple[str, Evaluation | None]) -> str:
    pad, evaluation = told
    known = [CUT, *(fate.value for fate in Fate)]
    return markdown_filler("pairsmith.training")(
        title=f"Preference model of {run.build['name']}",
        run=run,
        build=run.build["name"],
        base=run.base["name"],
        here=HERE,
        text=run.form == Form.TEXT,
        pad=pad,
        evaluation=evaluation.to_markdown() if evaluation else "",
        fates=[name for name in known if any(held.get(name) for held in run.ledger.values())],
        words={CUT: "trained on without the beginning of the prompt", **EXPLANATIONS},
        method=_method(run.config),
        loss=_loss(run.config),
        licence=licence,
        demo=(smollm2.ORIGIN, smollm2.LICENCE) if run.base["name"] == smollm2.NAME else None,
    )


def _method(config: dict[str, Any]) -> str:
    if config["head_only"]:
        return "The head alone"
    if config["use_peft"]:
        return f"Low-rank adapters of rank {config['lora_r']} and the head, merged"
    return "All weights"


def _loss(config: dict[str, Any]) -> str:
    less, margin = (" − m", ", m the margin of the pair") if config["margin"] else ("", "")
    if config["confidence"] is None:
        return f"−log σ(Δ{less}), Δ the difference of the scores{margin}"
    return (
        f"−[c · log σ(Δ{less}) + (1 − c) · log σ(−Δ{less})], Δ the difference of the scores, c the "
        f"confidence in the label{margin}"
    )
