"""Prompts to samples with scores: by a model at hand, in pieces, or by a server, one by one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from pairsmith.errors import ModelError
from pairsmith.generating.asking import Asker, Source, open_asker
from pairsmith.generating.options import GenerateOptions
from pairsmith.generating.pairing import Held, hold
from pairsmith.generating.prompts import Prompt
from pairsmith.io import wire
from pairsmith.models.generation.endpoint import OF_THE_SERVER, Endpoint
from pairsmith.models.generation.sample import Failed, Sample, Sampling, seed_of
from pairsmith.models.loading import load_scorer
from pairsmith.schema.rows import Form
from pairsmith.scoring.conversations import ConversationScorer, open_conversations

Found = dict[str, Any]
"""What came of a prompt: its `samples`, and why it was `refused`, or null."""

PROVING = 8
"""Prompts of which one has to have a sample, or the server is taken for one that cannot answer."""

SCORE_FAULT = "unscored_"
"""How the fault of a sample begins that could not be scored; its reason is behind."""


class Request(NamedTuple):
    """What answers.

    Attributes:
        model: The policy; None for an endpoint.
        score: The preference model; None for none.
        source: Where prompts come from.
        options: How replies are drawn.
        device: As torch names it, or auto.
    """

    model: str | None
    score: str | None
    source: Source
    options: GenerateOptions
    device: str


class Answerer:
    """A policy and a preference model, made ready.

    Args:
        asker: The policy; None where samples come from elsewhere.
        scorer: The preference model; None for none.
    """

    def __init__(self, asker: Asker | None, scorer: ConversationScorer | None) -> None:
        self.asker, self.scorer = asker, scorer

    def answer(self, prompts: Sequence[Prompt]) -> list[Found]:
        """The samples of prompts by the policy, with scores."""
        if self.asker is None:
            raise ValueError("there is no policy at hand")
        told = self.asker.ask(prompts)
        held = [[hold(one) for one in answer.samples] for answer in told]
        self.put_scores(prompts, held)
        return [
            {"refused": answer.refused, "samples": some}
            for answer, some in zip(told, held, strict=True)
        ]

    def put_scores(self, prompts: Sequence[Prompt], held: Sequence[list[Held]]) -> None:
        """Puts scores into samples that can be used; equal replies to a prompt get the same."""
        if self.scorer is None:
            return
        asked: dict[tuple[int, str], list[Held]] = {}
        for number, samples in enumerate(held):
            for one in samples:
                if "fault" not in one:
                    asked.setdefault((number, one["text"]), []).append(one)
        verdicts = self.scorer.score(
            [
                [*prompts[number].messages, {"role": "assistant", "content": text}]
                for number, text in asked
            ]
        )
        for same, verdict in zip(asked.values(), verdicts, strict=True):
            for one in same:
                one["score"] = verdict.score
                if verdict.fault is not None:
                    one["fault"] = f"{SCORE_FAULT}{verdict.fault}"


@contextmanager
def open_answerer(request: Request) -> Iterator[Answerer]:
    """The models of a request, made ready.

    Raises:
        ModelError: One cannot be loaded, or does not fit.
        TokenizerError: A tokenizer cannot do what is wanted of it.
        RecipeError: The preference model reads text, and tells no template.
    """
    options = request.options
    with ExitStack() as stack:
        asker = scorer = None
        if request.model is not None:
            opened = open_asker(request.model, request.source, options, request.device)
            asker = stack.enter_context(opened)
        if request.score is not None:
            loaded = load_scorer(request.score, device=request.device)
            form = loaded.form or Form.MESSAGES
            ready = open_conversations(loaded, options.batch_tokens, form)
            scorer = stack.enter_context(ready)
        yield Answerer(asker, scorer)


class Task(NamedTuple):
    """What a worker needs to know.

    Attributes:
        piece: The number of the piece.
        prompts: Those of it that are asked.
        request: What answers.
        threads: For the arithmetic of this process; None to leave that as it is.
    """

    piece: int
    prompts: tuple[Prompt, ...]
    request: Request
    threads: int | None = None


def work(task: Task, answerer: Answerer | None = None) -> list[Found]:
    """Draws and scores the samples of a piece.

    Args:
        task: What to do.
        answerer: The models made ready; None to have this process keep its own.
    """
    if answerer is None:
        _settle(task.threads)
        answerer = _keep(task.request)
    return answerer.answer(task.prompts)


_kept = ExitStack()
"""What this process keeps until it ends: models take long to load."""


@cache
def _keep(request: Request) -> Answerer:
    return _kept.enter_context(open_answerer(request))


@cache
def _settle(threads: int | None) -> None:
    import torch

    if threads is not None:
        torch.set_num_threads(threads)


def name_of(task: Task) -> str:
    """What to call a task in a fault."""
    return f"the prompts {task.prompts[0].id} to {task.prompts[-1].id}"


def answer_by_endpoint(
    endpoint: Endpoint,
    prompts: Sequence[Prompt],
    options: GenerateOptions,
    at_once: int,
    timeout: float,
) -> Iterator[list[Held]]:
    """The samples of each prompt by a server, in order; a few prompts are on their way together.

    Until it is proved by one sample, and by two that differ, nothing of it is given: what a server
    that is set up wrongly says would be kept for what it said.

    Raises:
        ModelError: The server is gone, refuses, serves another model, or answers nothing of use.
    """
    sampling = Sampling(options.temperature, options.top_p, options.max_tokens)
    usual, stop = wire.Patience.usual(), wire.Stop()
    patience = wire.Patience(
        usual.attempts, usual.pause, timeout, timeout, usual.most_bytes, stop=stop
    )
    answered, varied = False, options.best_of == 1 or options.temperature == 0
    with ThreadPoolExecutor(at_once) as pool:

        def ask(prompt: Prompt) -> list[Future[list[Sample | Failed]]]:
            seeds = (
                seed_of(options.seed, prompt.messages, number) for number in range(options.best_of)
            )
            return [
                pool.submit(endpoint.write, prompt.messages, [seed], sampling, patience)
                for seed in seeds
            ]

        left = iter(prompts)
        window = [ask(prompt) for prompt in islice(left, 1 + at_once // options.best_of)]
        unproved: list[list[Held]] = []
        try:
            for number in range(len(prompts)):
                asked = window.pop(0)
                window += [ask(prompt) for prompt in islice(left, 1)]
                found = [one for future in asked for one in future.result()]
                proving = number + 1 < min(PROVING, len(prompts))
                answered = answered or any(isinstance(one, Sample) for one in found)
                _check_server(found, endpoint, answered or proving)
                varied = varied or len({o.text for o in found if isinstance(o, Sample)}) != 1
                if not varied and not proving:
                    raise _without_seeds(endpoint, number + 1)
                unproved.append([hold(one) for one in found])
                if answered and (varied or not proving):
                    yield from unproved
                    unproved = []
        finally:
            stop()
            pool.shutdown(wait=True, cancel_futures=True)


def _check_server(found: list[Sample | Failed], endpoint: Endpoint, may_answer: bool) -> None:
    """Checks that it makes sense to ask on.

    Raises:
        ModelError: It does not.
    """
    failed = [one for one in found if isinstance(one, Failed)]
    for one in failed:
        if one.kind in OF_THE_SERVER:
            hint = "What is finished is kept: the same command goes on."
            if one.kind == "refused":
                hint = (
                    f"Does it serve {endpoint.model}, on this route? If it wants a token: it is "
                    f"taken from the environment's {wire.TOKEN}."
                )
            if one.kind == "other_model":
                hint = "Name the model that it serves with --served-model."
            raise ModelError(one.said, hint)
    if failed and not may_answer:
        raise ModelError(
            f"{endpoint.name} gave no sample: {failed[0].said}", "Is it the right model and route?"
        )


def _without_seeds(endpoint: Endpoint, prompts: int) -> ModelError:
    """The fault of a server whose replies to a prompt are all the same, whatever the seeds."""
    return ModelError(
        f"{endpoint.name} gave the same reply to every seed, for each of {prompts} prompts: "
        "it does not sample.",
        "transformers serve samples where the model's generation_config.json has do_sample true.",
    )


def threads_of(workers: int | None) -> int | None:
    """The threads of each of several workers on this machine; None where there is one."""
    return max(1, (os.cpu_count() or 1) // workers) if workers and workers > 1 else None
