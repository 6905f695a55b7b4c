"""Which replies are asked for, and which two of those that came are shown, on which side.

Models are asked elsewhere. Here stands what they are to be asked (`next_requests`, again and again
until it wants nothing more) and how samples are recorded (`record_replies`). Every sample is
asked for by itself, with a seed of its own: servers differ in what they make of `n`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pairsmith.collecting import draws
from pairsmith.collecting.conversation import Conversation, Message, Phase
from pairsmith.collecting.project import Pairing, Project, ServedModel, Shown
from pairsmith.errors import CollectionError
from pairsmith.io import wire

MORE = 6
"""Most further samples that are asked for where all so far are alike or have a fault."""

LONGEST = 100_000
"""A reply of more characters is not shown."""

GONE, UNSCORED, BROKEN = "gone", "unscored", "broken"
"""Faults that are no server's: a model that the project has no more, no score, a bug."""

WORDS = {
    wire.AWAY: "The model cannot be reached.",
    wire.BUSY: "The model has too much to do.",
    wire.LATE: "The model took too long.",
    wire.CUT: "The reply broke off on its way.",
    wire.LARGE: "The reply was too long.",
    "too long": "The reply was too long.",
    "blank": "The reply was blank.",
    GONE: "The model is no longer part of the project.",
    UNSCORED: "The replies could not be scored.",
    BROKEN: "Something is wrong on this side.",
}
"""What is said of a fault to who waits: nothing by which a model could be told."""


class GoneError(CollectionError):
    """The model of a conversation is in the project no more."""


class Request(NamedTuple):
    """A sample to ask for.

    Attributes:
        place: Its number among the samples of the attempt, from 0.
        model: Of whom.
        messages: The conversation, with the model's system prompt; the last message is the user's.
        seed: From 0 to less than 2^31.
    """

    place: int
    model: ServedModel
    messages: list[Message]
    seed: int


class Sampled(NamedTuple):
    """What came of a request.

    Attributes:
        model: The model's name in the project.
        seed: That of the request.
        text: The reply; None where there is none.
        fault: Why there is none, or why it is not shown, in a word or two; empty where there is
            nothing the matter.
        said: The same with the server's words: for the project's owner, and nobody else.
        served: What the server says that it served.
        finish_reason: Why the reply ended, as the server says.
        tokens: Of the reply; None where the server does not say.
        seconds: From the request to the end of the answer.
        time: Of the request, seconds since 1970.
        score: By the project's preference model; None without one.
        parameters: Of sampling.
    """

    model: str
    seed: int
    text: str | None
    fault: str = ""
    said: str = ""
    served: str = ""
    finish_reason: str = ""
    tokens: int | None = None
    seconds: float | None = None
    time: float | None = None
    score: float | None = None
    parameters: Mapping[str, float] = {}

    def to_dict(self) -> dict[str, Any]:
        """As an event holds it."""
        return {**self._asdict(), "parameters": dict(self.parameters)}


def draw_models(project: Project, secret: bytes, conversation: str) -> tuple[str, str]:
    """The models behind the two replies of a conversation, by name; sides are drawn later.

    Raises:
        CollectionError: The project has none.
    """
    if not project.models:
        raise CollectionError("The project has no models to talk to.", "Add one.")
    shares = [model.share for model in project.models]
    first = draws.draw(secret, project.models, shares, conversation, "first")
    if project.pairing == Pairing.SAME:
        return first.name, first.name
    left = [m for m in project.models if project.pairing == Pairing.DRAWN or m != first]
    second = draws.draw(secret, left, [m.share for m in left], conversation, "second")
    return first.name, second.name


def next_requests(
    project: Project, secret: bytes, state: Conversation, samples: Sequence[Sampled] = ()
) -> list[Request]:
    """What is to be asked now for the attempt that a conversation waits for.

    Args:
        project: The project.
        secret: Of the collection.
        state: The conversation; it has to be waiting.
        samples: What has come of this attempt so far.

    Returns:
        First all that the project wants; then, while there are not two replies to show, one or two
        more; nothing where there are, or where `MORE` came in vain.

    Raises:
        CollectionError: The conversation does not wait for replies.
        GoneError: Its model is in the project no more.
    """
    if state.phase != Phase.WAITING:
        raise CollectionError(f"The conversation {state.id} does not wait for replies.")
    if not samples:
        places = range(project.best_of)
    elif _candidates(samples, state.models) or len(samples) >= project.best_of + MORE:
        return []
    else:
        places = range(len(samples), min(len(samples) + 2, project.best_of + MORE))
    return [_request(project, secret, state, place) for place in places]


def _request(project: Project, secret: bytes, state: Conversation, place: int) -> Request:
    name = state.models[place % 2]
    model = project.model(name)
    if model is None:
        raise GoneError(
            f"The conversation {state.id} is with the model {name!r}, which the project no longer "
            "has.",
            "Put it back into project.yaml; conversations with it then go on.",
        )
    system = [{"role": "system", "content": model.system}] if model.system else []
    drawn = draws.seed(secret, state.id, len(state.turns), state.attempts, place)
    return Request(place, model, [*system, *state.messages()], drawn)


def check_sample(sample: Sampled) -> Sampled:
    """A sample with a fault, where it is nothing to show: blank, too long, no text of a row."""
    text = sample.text
    if sample.fault or text is None:
        return sample._replace(text=None, fault=sample.fault or "no reply")
    if any("\ud800" <= one <= "\udfff" for one in text):
        return sample._replace(text=None, fault="not Unicode")
    if "\0" in text:  # a build would refuse the row, and the choice be lost
        return sample._replace(text=None, fault="NUL character")
    if len(text) > LONGEST:
        return sample._replace(text=text[:LONGEST], fault="too long")
    return sample if text.strip() else sample._replace(fault="blank")


def show(
    project: Project, secret: bytes, state: Conversation, samples: Sequence[Sampled]
) -> tuple[int, int] | None:
    """The places of the samples that are shown on A and B; None where there are not two.

    Samples of the same text, white space at the ends aside, count once. Of a conversation with two
    models each side shows a reply of one of them.
    """
    candidates = _candidates(samples, state.models)
    if not candidates:
        return None
    key = (state.id, len(state.turns), state.attempts)
    first = _best(samples, candidates[0])
    others = [place for place in candidates[1] if not _alike(samples, first, place)]
    if not others:  # the second model said nothing but what was the best of the first
        first, others = _best(samples, candidates[1]), candidates[0]
        others = [place for place in others if not _alike(samples, first, place)]
    scored = samples[first].score is not None
    if scored and project.shown == Shown.BEST_AND_ANOTHER and state.models[0] == state.models[1]:
        second = draws.draw(secret, others, [1.0] * len(others), "another", *key)
    else:
        second = _best(samples, others)
    swapped = draws.is_swapped(secret, *key)
    return (second, first) if swapped else (first, second)


def _best(samples: Sequence[Sampled], places: Sequence[int]) -> int:
    """The place of the highest score; the first without scores."""
    return max(places, key=lambda place: (_score(samples[place]), -place))


def _score(sample: Sampled) -> float:
    return float("-inf") if sample.score is None else sample.score


def _alike(samples: Sequence[Sampled], one: int, other: int) -> bool:
    return (samples[one].text or "").strip() == (samples[other].text or "").strip()


def _candidates(
    samples: Sequence[Sampled], models: tuple[str, str]
) -> tuple[list[int], list[int]] | None:
    """The places from which each of the two replies can be taken; None where there are not two."""
    good = [place for place, sample in enumerate(samples) if not check_sample(sample).fault]
    once = [
        place
        for n, place in enumerate(good)
        if not any(
            _alike(samples, place, before) and samples[before].model == samples[place].model
            for before in good[:n]
        )
    ]
    sides = tuple([p for p in once if samples[p].model == name] for name in models)
    if not any(not _alike(samples, one, other) for one in sides[0] for other in sides[1]):
        return None
    return sides[0], sides[1]


def faults_of(samples: Sequence[Sampled], shown: tuple[int, int] | None) -> str:
    """Why there are not two replies to show, in a sentence for who waits; empty where there are."""
    if shown is not None:
        return ""
    faults = [sample.fault for sample in samples if sample.fault]
    if faults and len(faults) == len(samples):
        return WORDS.get(faults[0], "The model gave no reply that can be shown.")
    if len(faults) + 1 == len(samples):
        return "Only one reply came."
    return "The replies that came were all the same."
