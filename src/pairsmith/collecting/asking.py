"""Asks the models of a project for the replies that a conversation waits for, and records them.

A server that is down, slow or odd costs no conversation: what went wrong is recorded beside what
came, and the conversation waits on, see `conversation.fold`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias

from pairsmith.collecting import actions
from pairsmith.collecting.actions import Answer
from pairsmith.collecting.collection import Collection
from pairsmith.collecting.conversation import Conversation, Message, Phase, fold
from pairsmith.collecting.project import ServedModel
from pairsmith.collecting.replies import UNSCORED, Request, Sampled, check_sample, next_requests
from pairsmith.errors import PairsmithError
from pairsmith.io.wire import Patience
from pairsmith.models.generation.endpoint import OF_THE_SERVER, Endpoint, parse_address
from pairsmith.models.generation.sample import Failed, Sample, Sampling

ATTEMPTS, SILENT, WHOLE = 2, 60.0, 180.0
"""How often a server is asked, while somebody waits; seconds that it may be silent, and in all."""

AT_ONCE = 16
"""Requests to one server that are on their way together, for one conversation."""

Score: TypeAlias = Callable[[Sequence[Message], Sequence[str]], Sequence[float]]
"""From a conversation and replies to it to a number each, higher for a better one. It raises a
`PairsmithError` where it cannot score one."""


def answer(
    collection: Collection,
    conversation: str,
    score: Score | None = None,
    patience: Patience | None = None,
) -> Answer:
    """Asks for the replies that a conversation waits for, and records what comes.

    It takes as long as the models do; nothing is locked meanwhile. Of two that ask for one
    conversation at once the first to be done counts.

    Args:
        collection: The collection.
        conversation: Its id.
        score: What scores replies, where the project's `score` names a model; what is not scored
            there is not shown.
        patience: How long to wait for a server; None for as long as a person would. Where it was
            stopped, nothing is recorded.

    Raises:
        CollectionError: The conversation's model is in the project no more.
    """
    with collection.store.read() as transaction:
        events = transaction.thread(conversation)
        state = fold(events) if events else None
    if state is None or state.phase != Phase.WAITING:
        return Answer(state, False, "The conversation does not wait for replies.")
    token = actions.token_of(collection, state)
    project = collection.project()
    held = patience or _usual()
    samples: list[Sampled] = []
    while asked := next_requests(project, collection.secret, state, samples):
        came = _ask_all(asked, held)
        samples += came if project.score is None else _scored(state, came, score)
        if held.stopped:
            return Answer(state, False, "Nobody waits for the replies any longer.")
        if held.left <= 0 or _is_in_vain(came):
            break
    return actions.record_replies(collection, conversation, token, samples)


def _is_in_vain(came: Sequence[Sampled]) -> bool:
    """Whether more would come to the same: of two models a reply of each is wanted."""
    faults: dict[str, list[str]] = {}
    for sample in came:
        faults.setdefault(sample.model, []).append(sample.fault)
    return any(all(one in OF_THE_SERVER for one in found) for found in faults.values())


def _usual() -> Patience:
    usual = Patience.usual()
    return replace(usual, attempts=ATTEMPTS, seconds=SILENT, whole_seconds=WHOLE)


def _ask_all(asked: Sequence[Request], patience: Patience) -> list[Sampled]:
    """What comes of requests, in their order; models are asked at the same time."""
    by_model: dict[str, list[Request]] = {}
    for request in asked:
        by_model.setdefault(request.model.name, []).append(request)
    with ThreadPoolExecutor(len(by_model)) as pool:
        came = pool.map(lambda mine: _ask_model(mine, patience), by_model.values())
        pairs = zip(by_model.values(), came, strict=True)
        found = {r.place: s for mine, got in pairs for r, s in zip(mine, got, strict=True)}
    return [found[request.place] for request in asked]


def _ask_model(asked: Sequence[Request], patience: Patience) -> list[Sampled]:
    model, began = asked[0].model, time.time()
    endpoint = Endpoint(parse_address(model.endpoint), model.served_model)
    sampling = Sampling(**_settings(model.parameters))
    seeds = [request.seed for request in asked]
    came = endpoint.write(asked[0].messages, seeds, sampling, patience, AT_ONCE)
    return [_sampled(model, one, began) for one in came]


def _settings(parameters: Mapping[str, float]) -> dict[str, Any]:
    """Parameters of sampling; the number of tokens is whole."""
    held: dict[str, Any] = dict(parameters)
    if "max_tokens" in held:
        held["max_tokens"] = int(held["max_tokens"])
    return held


def _sampled(model: ServedModel, came: Sample | Failed, began: float) -> Sampled:
    known = Sampled(
        model=model.name,
        seed=came.seed,
        text=None,
        served=model.served_model,
        seconds=round(came.seconds, 3),
        time=round(began, 3),
        parameters=dict(model.parameters),
    )
    if not isinstance(came, Sample):
        return known._replace(fault=came.kind, said=came.said)
    return known._replace(text=came.text, finish_reason=came.finish_reason, tokens=came.tokens)


def _scored(state: Conversation, came: Sequence[Sampled], score: Score | None) -> list[Sampled]:
    """The samples with their scores; those with a fault have none, and no score is a fault."""
    messages = state.messages()

    def scored(sample: Sampled) -> Sampled:
        checked = check_sample(sample)
        if checked.fault:
            return checked
        if score is None:
            return checked._replace(fault=UNSCORED, said="No preference model was loaded.")
        try:
            [number] = score(messages, [checked.text or ""])
        except PairsmithError as error:
            return checked._replace(fault=UNSCORED, said=error.message)
        if not math.isfinite(number):
            return checked._replace(fault=UNSCORED, said=f"The preference model gives {number}.")
        return checked._replace(score=float(number))

    return [scored(sample) for sample in came]
