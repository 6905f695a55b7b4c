"""pairsmith: raw preference transcripts to preference data that can be proved and trained on.

    import pairsmith

    built = pairsmith.build("sample", "out", template="llama2")
    print(built.totals.kept)

Names load when they are used, so that `import pairsmith` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pairsmith._version import __version__
from pairsmith.errors import PairsmithError

if TYPE_CHECKING:
    from pairsmith.auditing.audit import audit
    from pairsmith.auditing.record import Audit
    from pairsmith.building.build import build
    from pairsmith.building.split import split
    from pairsmith.collecting.collect import Collected, collect, export_collection
    from pairsmith.collecting.quality.measure import collection_quality
    from pairsmith.collecting.quality.record import CollectionQuality
    from pairsmith.comparing.rounds import Rounds, rounds
    from pairsmith.dataset.annotation import Annotation, Annotator
    from pairsmith.dataset.annotation_writer import annotate
    from pairsmith.dataset.annotations import list_annotations, read_annotation
    from pairsmith.dataset.manifest import Manifest
    from pairsmith.dataset.verify import check
    from pairsmith.evaluating.evaluate import evaluate
    from pairsmith.evaluating.record import Evaluation
    from pairsmith.exploring.explore import explore
    from pairsmith.exploring.record import Exploration
    from pairsmith.exporting import export
    from pairsmith.generating.generate import Generated, generate
    from pairsmith.progress import Progress
    from pairsmith.publishing.publish import publish
    from pairsmith.schema.reasons import Note, Reason
    from pairsmith.schema.recipe import Recipe
    from pairsmith.scoring.score import score
    from pairsmith.tokens.preview import preview
    from pairsmith.tracing.lineage import Lineage, lineage
    from pairsmith.training.dpo.train import train_dpo
    from pairsmith.training.job import TrainedModel
    from pairsmith.training.progress import TrainingProgress
    from pairsmith.training.reward.train import train_reward
    from pairsmith.training.rl.train import train_rl

__all__ = [
    "Annotation",
    "Annotator",
    "Audit",
    "Collected",
    "CollectionQuality",
    "Evaluation",
    "Exploration",
    "Generated",
    "Lineage",
    "Manifest",
    "Note",
    "PairsmithError",
    "Progress",
    "Reason",
    "Recipe",
    "Rounds",
    "TrainedModel",
    "TrainingProgress",
    "__version__",
    "annotate",
    "audit",
    "build",
    "check",
    "collect",
    "collection_quality",
    "evaluate",
    "explore",
    "export",
    "export_collection",
    "generate",
    "lineage",
    "list_annotations",
    "preview",
    "publish",
    "read_annotation",
    "rounds",
    "score",
    "split",
    "train_dpo",
    "train_reward",
    "train_rl",
]

_HOMES = {
    "Annotation": "pairsmith.dataset.annotation",
    "Annotator": "pairsmith.dataset.annotation",
    "Audit": "pairsmith.auditing.record",
    "Collected": "pairsmith.collecting.collect",
    "CollectionQuality": "pairsmith.collecting.quality.record",
    "Evaluation": "pairsmith.evaluating.record",
    "Exploration": "pairsmith.exploring.record",
    "Generated": "pairsmith.generating.generate",
    "Lineage": "pairsmith.tracing.lineage",
    "Manifest": "pairsmith.dataset.manifest",
    "Note": "pairsmith.schema.reasons",
    "Progress": "pairsmith.progress",
    "Reason": "pairsmith.schema.reasons",
    "Recipe": "pairsmith.schema.recipe",
    "Rounds": "pairsmith.comparing.rounds",
    "TrainedModel": "pairsmith.training.job",
    "TrainingProgress": "pairsmith.training.progress",
    "annotate": "pairsmith.dataset.annotation_writer",
    "audit": "pairsmith.auditing.audit",
    "build": "pairsmith.building.build",
    "check": "pairsmith.dataset.verify",
    "collect": "pairsmith.collecting.collect",
    "collection_quality": "pairsmith.collecting.quality.measure",
    "evaluate": "pairsmith.evaluating.evaluate",
    "explore": "pairsmith.exploring.explore",
    "export": "pairsmith.exporting",
    "generate": "pairsmith.generating.generate",
    "export_collection": "pairsmith.collecting.collect",
    "lineage": "pairsmith.tracing.lineage",
    "list_annotations": "pairsmith.dataset.annotations",
    "preview": "pairsmith.tokens.preview",
    "publish": "pairsmith.publishing.publish",
    "read_annotation": "pairsmith.dataset.annotations",
    "rounds": "pairsmith.comparing.rounds",
    "score": "pairsmith.scoring.score",
    "split": "pairsmith.building.split",
    "train_dpo": "pairsmith.training.dpo.train",
    "train_reward": "pairsmith.training.reward.train",
    "train_rl": "pairsmith.training.rl.train",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
