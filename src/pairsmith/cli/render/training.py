"""Prints how far a training has come, and what it came to."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from pairsmith.cli.manner import is_quiet
from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from pairsmith.training.job import TrainedModel
    from pairsmith.training.progress import TrainingProgress, TrainingWatch

NAMES = {"kl": "KL"}
"""How readings are shown where that is not their name."""

EVERY = 30.0
"""Seconds between two lines, where stderr is no terminal."""


@contextmanager
def training_progress() -> Iterator[TrainingWatch]:
    """A bar on stderr if that is a terminal, else a line now and then."""
    if is_quiet():
        yield lambda _step: None
        return
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("reading", total=None, said="")

    def watch(step: TrainingProgress) -> None:
        head = sanitize(step.what) if step.phase == "rows" else step.phase
        bar.update(task, description=head, completed=step.done, total=step.total or None)
        bar.update(task, said=describe(step))

    with bar:
        yield watch


def _lines() -> TrainingWatch:
    last = time.monotonic()

    def watch(step: TrainingProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            typer.echo(sanitize(describe(step)), err=True)

    return watch


def describe(step: TrainingProgress) -> str:
    """How far a training has come, in a line."""
    if step.phase == "rows":
        return f"{step.done:,} of {step.total:,} rows"
    if step.phase == "evaluating":
        return f"evaluating: {step.done:,} of {step.total:,} {step.what}"
    said = [f"step {step.done:,} of {step.total:,}"]
    if step.loss is not None:
        said.append(f"loss {step.loss:.3f}")
    if step.accuracy is not None:
        said.append(f"accuracy {step.accuracy:.0%}")
    said += [f"{NAMES.get(name, name)} {value:.3g}" for name, value in step.readings.items()]
    if step.tokens_per_second is not None and step.seconds_left is not None:
        said += [f"{step.tokens_per_second:,.0f} tokens/s", f"{_time(step.seconds_left)} left"]
    return ", ".join(said)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def draw(made: TrainedModel, build: str, run: str, as_json: bool) -> None:
    """Prints a run: its ledger, its numbers, what to do next."""
    if as_json:
        told = {
            "reused": made.reused,
            "remarks": list(made.remarks),
            "scores": made.scores,
            "verdict": list(made.verdict),
        }
        typer.echo(json.dumps({**made.manifest.to_dict(), **told}))
        return
    screen = console()
    if made.reused:
        screen.print(sanitize(f"{run} already holds this run; nothing was done."), soft_wrap=True)
    screen.print(_ledger(made))
    lines = [*_sums(made), *_numbers(made), *made.remarks, *made.verdict]
    for line in [*lines, *_next(made, build, run)]:
        screen.print(sanitize(line), soft_wrap=True)


def _ledger(made: TrainedModel) -> object:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("subset", "split"):
        table.add_column(name)
    for name in ("read", "trained"):
        table.add_column(name, justify="right")
    table.add_column("others")
    for place, held in made.manifest.ledger.items():
        others = ", ".join(f"{n} {held[n]:,}" for n in held if n not in ("read", "trained"))
        counts = f"{held['read']:,}", f"{held['trained']:,}"
        table.add_row(*(sanitize(word) for word in place.split("/")), *counts, others)
    return table


def _sums(made: TrainedModel) -> Iterator[str]:
    """The ledger's law over all rows."""
    total: dict[str, int] = {}
    for held in made.manifest.ledger.values():
        for name, many in held.items():
            total[name] = total.get(name, 0) + many
    read = total.pop("read", 0)
    yield f"read {read:,} = " + " + ".join(f"{name} {many:,}" for name, many in total.items())


def _numbers(made: TrainedModel) -> Iterator[str]:
    held = made.manifest.metrics
    if "loss" in held:
        steps = "1 step" if held["steps"] == 1 else f"{held['steps']:,.0f} steps"
        done = f"{steps}, {held['tokens']:,.0f} tokens"
        if "accuracy" in held:
            yield (
                f"{done}: loss {held['loss']:.4f}, "
                f"accuracy {held['accuracy']:.1%} while it trained; at the end "
                f"{held['last_loss']:.4f} and {held['last_accuracy']:.1%}"
            )
        else:
            yield f"{done}{_rewards(held)}"


def _rewards(held: Mapping[str, float]) -> str:
    """The means of the first and of the last tenth of the steps of a run that has rewards."""
    named = [
        f"{NAMES.get(name, name)} {held[f'first_{name}']:.3g} at first, "
        f"{held[f'last_{name}']:.3g} at the end"
        for name in ("reward", "watch", "kl")
        if f"first_{name}" in held and f"last_{name}" in held
    ]
    return f": {'; '.join(named)}" if named else ""


def _next(made: TrainedModel, build: str, run: str) -> Iterator[str]:
    scores = made.scores
    build, place = shlex.quote(build), shlex.quote(run)
    yield f"The model: {run}. Its card: {run}/README.md."
    if made.manifest.kind != "reward":
        if made.verdict:
            yield f"Replies before and after: {run}/evaluation/samples.jsonl."
        return
    if scores:
        yield f"How good it is: {run}/evaluation/report.html."
        yield f"Rows that it contradicts: pairsmith evaluate {build} --scores {scores}"
    yield f"Score all rows: pairsmith score {build} --model {place} --name {scores or 'model'}"
    if not scores:
        yield f"Know what it learnt: pairsmith evaluate {build} --scores model"
