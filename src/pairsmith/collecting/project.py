"""A project of collecting: what people are asked, of which models, and who may do how much.

It decides nothing by itself: it is read from a mapping (see `project_file`), shown to people, and
recorded with each change, so that a choice tells under which instructions it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """What people do.

    `HELPFUL`: talk to a model and pick the better reply. `RED_TEAM`: describe an attack, attack,
    and pick the more harmful reply. `RELABEL`: judge pairs that there are. `REVIEW`: read
    transcripts of others, tag and rate them.
    """

    HELPFUL = "helpful"
    RED_TEAM = "red-team"
    RELABEL = "relabel"
    REVIEW = "review"

    @property
    def talks(self) -> bool:
        """Whether people talk to models in it."""
        return self in (Mode.HELPFUL, Mode.RED_TEAM)


class Tranche(StrEnum):
    """How replies are made: as they come, the best of several, or by several snapshots at once."""

    BASE = "base"
    REJECTION_SAMPLED = "rejection-sampled"
    ONLINE = "online"


class Shown(StrEnum):
    """Which two of several scored samples are shown.

    `TWO_LEAST_HARMFUL` takes the two with the highest scores too: it says that they are those of a
    model of harmlessness, as when a red team attacks a model behind rejection sampling.
    """

    BEST_AND_ANOTHER = "best-and-another"
    TWO_BEST = "two-best"
    TWO_LEAST_HARMFUL = "two-least-harmful"


class Pairing(StrEnum):
    """Whose replies are compared: of one model, of two drawn by their shares, or of two others."""

    SAME = "same"
    DRAWN = "drawn"
    DIFFERENT = "different"


@dataclass(frozen=True)
class ServedModel:
    """A model behind an OpenAI-compatible server. Who chooses never sees any of this.

    Attributes:
        name: What the project calls it.
        endpoint: The server's URL.
        served_model: What the server calls it.
        share: How often it is drawn, beside the shares of the others; above 0.
        system: The system prompt; empty for none.
        parameters: Of sampling: `temperature`, `top_p`, `max_tokens`.
        type: The `model_type` of red-team attempts, such as `rlhf`; empty for its name.
        size: Their `num_params`, such as `52B`; empty where it is not known.
    """

    name: str
    endpoint: str
    served_model: str
    share: float = 1.0
    system: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)
    type: str = ""
    size: str = ""


@dataclass(frozen=True)
class GoldItem:
    """A comparison whose answer is known, for a look at who judges.

    Attributes:
        prompt: What was asked.
        better, worse: The two replies.
    """

    prompt: str
    better: str
    worse: str


@dataclass(frozen=True)
class Project:
    """What is collected, and how.

    Attributes:
        mode: What people do.
        title: One line.
        instructions: Markdown, at hand at any moment.
        consent: What people agree to before they begin; empty for nothing.
        warning: What they are warned of before they begin; empty for nothing.
        pay: What they are paid, in words; empty for nothing.
        languages: Languages to write in, such as `en`; empty for any.
        models: Whom people talk to; one or more where the mode talks.
        tranche: How replies are made.
        best_of: Samples of each turn, 2 or more.
        score: The preference model that scores samples; None without one.
        shown: Which two of the samples are shown, where they are scored.
        pairing: Whose replies are compared.
        subset: The subset of pairs; empty for the usual, see `pairs_subset`.
        test: The share of conversations that go to test, by the hash of the first question.
        round: A tag of all rows; empty for none.
        max_turns: Turns of a conversation, at most.
        edits: Whether the picked reply may be edited.
        conversations_each: Conversations of one person, at most; None for any number.
        conversations_total: Of all together.
        opinions: How many people judge an item.
        most_opinions: How many, at most, where those that there are do not decide.
        overlap: The share of collected comparisons that others judge too.
        repeats: The share of tasks in which a person sees an item again, sides exchanged.
        gold: Items whose answer is known.
        gold_share: The share of tasks that are of these.
        lease: Seconds after which a task that nobody answered is offered to others.
        tags: What reviewers choose from.
        tags_each: How many of them a reviewer gives a transcript, at most.
    """

    mode: Mode
    title: str
    instructions: str = ""
    consent: str = ""
    warning: str = ""
    pay: str = ""
    languages: tuple[str, ...] = ()
    models: tuple[ServedModel, ...] = ()
    tranche: Tranche = Tranche.BASE
    best_of: int = 2
    score: str | None = None
    shown: Shown = Shown.BEST_AND_ANOTHER
    pairing: Pairing = Pairing.SAME
    subset: str = ""
    test: float = 0.05
    round: str = ""
    max_turns: int = 20
    edits: bool = False
    conversations_each: int | None = None
    conversations_total: int | None = None
    opinions: int = 3
    most_opinions: int = 15
    overlap: float = 0.0
    repeats: float = 0.04
    gold: tuple[GoldItem, ...] = ()
    gold_share: float = 0.0
    lease: int = 1800
    tags: tuple[str, ...] = ()
    tags_each: int = 2

    @property
    def pairs_subset(self) -> str:
        """The subset that pairs go to: `helpful-base`, `harmless-online` and the like."""
        about = "harmless" if self.mode == Mode.RED_TEAM else "helpful"
        return self.subset or f"{about}-{self.tranche}"

    @property
    def instructions_sha256(self) -> str:
        """Which instructions these are."""
        return hashlib.sha256(self.instructions.encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Of the project as canonical JSON."""
        text = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def model(self, name: str) -> ServedModel | None:
        """The model of this name; None where the project has it no more."""
        return next((model for model in self.models if model.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON and YAML hold it: what is not as it is by default, in the order of the fields."""
        usual = asdict(Project(self.mode, ""))
        held = {**asdict(self), "mode": self.mode}
        kept = {n: v for n, v in held.items() if n in ("mode", "title") or v != usual[n]}
        return {name: _plain(value) for name, value in kept.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    return [_plain(held) for held in value] if isinstance(value, list | tuple) else value
