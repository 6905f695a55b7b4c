"""The first findings of an answer, and the texts of a few of their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from pairsmith.auditing.answer import Answer, Finding
from pairsmith.dataset.reader import Batch, Dataset
from pairsmith.text.sanitize import shorten
from pairsmith.text.turns import Turns

FIRST = 5
"""So many findings of each kind are listed."""
KINDS = 12
"""Of so many kinds."""
LISTED_IDS = 4
"""Ids that are listed of one finding."""
SHOWN = 4
"""So many findings of a question are shown with texts, of different kinds if there are,"""
ROWS = 2
"""and so many rows of each."""
CHARACTERS = 600
"""So much of a prompt or a reply is shown."""


class Pair(NamedTuple):
    """A row's texts, cut short.

    Attributes:
        id: The row's.
        kept: Whether it is a kept row.
        prompt: Its turns, each with who says it.
        chosen, rejected: The replies.
    """

    id: str
    kept: bool
    prompt: list[tuple[str, str]]
    chosen: str
    rejected: str


class Example(NamedTuple):
    """A finding with the texts of its first rows."""

    finding: Finding
    pairs: list[Pair]


class First(NamedTuple):
    """The first findings of an answer.

    Attributes:
        kinds: The number of findings of each kind.
        findings: The first of each kind.
    """

    kinds: dict[str, int]
    findings: list[Finding]


def first(answer: Answer) -> First:
    """The first findings of an answer, `FIRST` of each kind, in their order."""
    kinds: Counter[str] = Counter(answer.findings["kind"].to_pylist())
    seen: Counter[str] = Counter()
    found: list[Finding] = []
    wanted = sum(min(count, FIRST) for count in sorted(kinds.values())[-KINDS:])
    for batch in answer.findings.to_batches(max_chunksize=1_000):
        for held in batch.to_pylist():
            seen[held["kind"]] += 1
            if seen[held["kind"]] <= FIRST and len(found) < wanted:
                found.append(Finding(**held))
        if len(found) == wanted:
            break
    return First(dict(kinds), found)


def examples(data: Dataset, firsts: Iterable[Sequence[Finding]]) -> list[list[Example]]:
    """For each list of findings, a few of them with texts.

    Args:
        data: The dataset.
        firsts: The first findings of each question.
    """
    chosen = [_few(findings) for findings in firsts]
    wanted = {id for few in chosen for finding in few for id in finding.rows[:ROWS]}
    texts = {pair.id: pair for batch in data.pick(wanted) for pair in _pairs(batch)}
    return [[Example(f, [texts[id] for id in f.rows[:ROWS]]) for f in few] for few in chosen]


def _few(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each kind, then the others, as many as are shown."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    ranked = sorted(
        (place, order, finding)
        for order, held in enumerate(kinds.values())
        for place, finding in enumerate(held)
    )
    return [finding for _, _, finding in ranked[:SHOWN]]


def _pairs(batch: Batch) -> Iterable[Pair]:
    sides = zip(_rows(batch.chosen), _rows(batch.rejected), strict=True)
    for id, (chosen, rejected) in zip(batch.ids.to_pylist(), sides, strict=True):
        yield Pair(id, batch.kept, _opening(chosen[:-1]), _cut(chosen), _cut(rejected))


def _rows(turns: Turns) -> list[list[tuple[str, str]]]:
    said = list(zip(turns.role_names.to_pylist(), turns.content.texts().to_pylist(), strict=True))
    offsets = turns.offsets.tolist()
    return [said[start:end] for start, end in pairwise(offsets)]


def _cut(turns: Sequence[tuple[str, str]]) -> str:
    return shorten(turns[-1][1].strip(), CHARACTERS)


def _opening(turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The last turns of a prompt: as many as there is place for, the earlier ones told of."""
    room, shown = CHARACTERS, []
    for role, said in reversed(turns):
        if room <= 0:
            break
        shown.append((role, shorten(said.strip(), room)))
        room -= len(said.strip())
    left = len(turns) - len(shown)
    earlier = [("", f"({left:,} earlier turn{'' if left == 1 else 's'})")] if left else []
    return [*earlier, *reversed(shown)]
