"""The card of a trained model: front matter that a hub reads, and a body for people.

`card.md` beside it is what the cards of all methods have; each method fills its blocks.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, NamedTuple

from pairsmith.dataset.card import front_matter
from pairsmith.dataset.card_prose import begin, end
from pairsmith.dataset.manifest import Manifest
from pairsmith.models import smollm2
from pairsmith.models.run_folder import RunManifest
from pairsmith.schema.rows import Form
from pairsmith.training.ledger import EXPLANATIONS, Fate

NAME = "README.md"
HERE = "PATH_OR_NAME"
CUT = "cut"


class Kind(NamedTuple):
    """What cards of a method have in common.

    Attributes:
        package: That of the method, which holds its own `card.md`.
        pipeline_tag: What the model does, by the hub's word for it.
        tags: By which it is found.
        cut: How rows are trained on that were cut, in a few words.
    """

    package: str
    pipeline_tag: str
    tags: tuple[str, ...]
    cut: str


def fill_card(kind: Kind, run: RunManifest, built: Manifest, told: dict[str, Any]) -> str:
    """A card.

    Args:
        kind: What it has in common with others.
        run: The manifest of the run, but for the outputs.
        built: That of the build that it learnt from.
        told: What the method's blocks name.
    """
    import yaml

    fields = front_matter(built)
    held: dict[str, Any] = {
        "library_name": "transformers",
        "pipeline_tag": kind.pipeline_tag,
        "base_model": run.base["name"],
        "language": fields.get("language"),
        "tags": [*kind.tags, "pairsmith", "trl"],
    }
    if "/" not in run.base["name"]:
        del held["base_model"]  # a folder of this machine is no name on a hub
    if run.base["name"] == smollm2.NAME:
        held["base_model"] = smollm2.ORIGIN
    named = {name: value for name, value in held.items() if value is not None}
    head = yaml.safe_dump(named, sort_keys=False, allow_unicode=True)
    known = [CUT, *(fate.value for fate in Fate)]
    body = _template(kind.package).render(
        run=run,
        build=run.build["name"],
        base=run.base["name"],
        here=HERE,
        text=run.form == Form.TEXT,
        fates=[name for name in known if any(one.get(name) for one in run.ledger.values())],
        words={CUT: kind.cut, **{fate.value: said for fate, said in EXPLANATIONS.items()}},
        licence=str(fields.get("license") or ""),
        demo=(smollm2.ORIGIN, smollm2.LICENCE) if run.base["name"] == smollm2.NAME else None,
        **told,
    )
    return f"---\n{head}---\n\n{begin('run')}\n{body.rstrip()}\n{end('run')}\n"


def _template(package: str) -> Any:
    """The method's template, which extends that of all."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    own, frame = (resources.files(name) / "card.md" for name in (package, "pairsmith.training"))
    environment = Environment(  # noqa: S701  (Markdown, from our own templates)
        loader=DictLoader({"own": own.read_text("utf-8"), "card.md": frame.read_text("utf-8")}),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("own")


def describe_training(config: dict[str, Any]) -> str:
    """Which weights were trained, in a few words that begin a sentence."""
    if config.get("head_only"):
        return "The head alone"
    if config["use_peft"]:
        return f"Low-rank adapters of rank {config['lora_r']}"
    return "All weights"
