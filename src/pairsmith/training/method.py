"""A method of training as a record: all that one has of its own, for the run that all share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pairsmith.dataset.manifest import Manifest
from pairsmith.schema.rows import Form
from pairsmith.training.options import STEP_ROWS, TrainingOptions

if TYPE_CHECKING:
    from pairsmith.models.loading import Scorer
    from pairsmith.models.policies import Policy
    from pairsmith.models.run_folder import RunManifest
    from pairsmith.training.job import Job
    from pairsmith.training.progress import Tell, TrainingWatch
    from pairsmith.training.recorder import Recorder
    from pairsmith.training.rows import Encoding

Settings: TypeAlias = Mapping[str, Any]

Loaded: TypeAlias = "Scorer | Policy"
"""What is trained."""

Parents: TypeAlias = Mapping[str, Mapping[str, str]]
"""What a run is made from, by role: each with `name` and `sha256`."""


@dataclass(frozen=True)
class Configuration:
    """What can be asked of a method, and what holds where nothing is said.

    Attributes:
        options: The dataclass of its options.
        theirs: Gives TRL's configuration class, which is imported for it.
        defaults: What holds where nothing is said, of what neither model nor device decides.
        ours: The settings that TRL's configuration does not take.
        learning_rate: That where none is named, of the settings and the number of weights.
        check: Checks settings, settled, against each other; raises RecipeError.
        lowest: The least that some settings can be, besides those of any training.
        choices: The words that some settings can be, which TRL looks at in the first step alone.
        step_rows: Rows a step, over all devices, where no accumulation is named.
    """

    options: type[TrainingOptions]
    theirs: Callable[[], type]
    defaults: Settings
    ours: frozenset[str]
    learning_rate: Callable[[Settings, int], float]
    check: Callable[[Settings], None] = lambda _settings: None
    lowest: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    step_rows: int = STEP_ROWS


@dataclass(frozen=True)
class Found:
    """What an evaluation came to.

    Attributes:
        markdown: For the card; empty where nothing could be evaluated.
        verdict: The same in a few lines, for the screen.
        numbers: For the manifest.
        scores: The name of an annotation of the build that holds scores; empty without one.
        why: Why there are no numbers; empty where there are.
    """

    markdown: str = ""
    verdict: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    scores: str = ""
    why: str = ""


@dataclass(frozen=True)
class Conclusion:
    """What a method says of a run that has made its last step.

    Attributes:
        numbers: For the manifest, besides those that all methods have.
        remarks: Sentences for whoever made it.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def no_conclusion(_job: Job, _trainer: Any, _records: Sequence[Mapping[str, Any]]) -> Conclusion:
    """The conclusion of a run of which nothing is to be said besides."""
    return Conclusion()


def no_parents(_settings: Settings, _loaded: Loaded) -> Parents:
    """The parents of a run that has a build and a base and no other."""
    return {}


@dataclass(frozen=True)
class Method:
    """A method of training. Its steps are called in this order; see `run.py`.

    Attributes:
        kind: Of its runs; one of `models.run_folder.KINDS`.
        configuration: What can be asked of it.
        check_build: Whether a build has what is asked for, by its manifest alone.
        load: The model that is trained, on the CPU, by the settings and the form of the rows.
        parents: What a run is made from besides build and base.
        encode: Writes the rows to `rows.arrow` where the run grows, and gives the account of them.
        prove: Proves on a sample that the trainer sees what everybody else sees.
        make_trainer: The trainer, an instance of `trainer.RunTrainer`, with the recorder among its
            callbacks.
        conclude: Says what a run came to besides, by its trainer at the last step and its metrics,
            in every process; it may put back the weights of an earlier checkpoint.
        evaluate: Evaluates the finished model, in the folder that is told, by what can be made in
            the other one, and tells how far it is. A fault of it is no fault of the run: it is told
            in `Found.why`.
        card: The card of the run, whose manifest lacks outputs.
    """

    kind: str
    configuration: Configuration
    check_build: Callable[[Manifest, Settings], None]
    load: Callable[[Settings, Form], Loaded]
    encode: Callable[[Job, TrainingWatch | None], Encoding]
    prove: Callable[[Job, Encoding], object]
    make_trainer: Callable[[Job, Recorder], Any]
    evaluate: Callable[[Job, Path, Path, Tell], Found]
    card: Callable[[Job, RunManifest, Found], str]
    parents: Callable[[Settings, Loaded], Parents] = no_parents
    conclude: Callable[[Job, Any, Sequence[Mapping[str, Any]]], Conclusion] = no_conclusion
