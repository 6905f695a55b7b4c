"""The findings that the report lists, and the texts of a few of their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from pairsmith.auditing.answer import Answer, Finding
from pairsmith.dataset.reader import Batch, Dataset
from pairsmith.text.sanitize import shorten
from pairsmith.text.turns import Turns

MAX_FINDINGS_PER_KIND = 5
"""The most findings of each kind that are listed."""
MAX_KINDS = 12
"""The most kinds whose findings are listed in full number."""
MAX_IDS = 4
"""The most row ids that are listed of one finding."""
MAX_EXAMPLES = 4
"""The most findings of a question that are shown with texts, of different kinds where possible."""
MAX_EXAMPLE_ROWS = 2
"""The most rows of such a finding that are shown."""
MAX_CHARS = 600
"""The most characters of a prompt, or of a reply, that are shown."""


class ExamplePair(NamedTuple):
    """The texts of a row, shortened.

    Attributes:
        id: The row's id.
        kept: Whether the row was kept, rather than quarantined.
        prompt: The last turns of the prompt, as (role, text); a remark on turns that are left out
            has an empty role.
        chosen, rejected: The replies.
    """

    id: str
    kept: bool
    prompt: list[tuple[str, str]]
    chosen: str
    rejected: str


class Example(NamedTuple):
    """A finding, and the texts of its first rows, at most `MAX_EXAMPLE_ROWS`."""

    finding: Finding
    pairs: list[ExamplePair]


class FirstFindings(NamedTuple):
    """The findings of an answer that are listed.

    Attributes:
        kinds: The number of all findings of each kind.
        findings: The first findings of each kind, in the order of the answer.
    """

    kinds: dict[str, int]
    findings: list[Finding]


def pick_first(answer: Answer) -> FirstFindings:
    """Picks the first `MAX_FINDINGS_PER_KIND` findings of each kind.

    If there are more than `MAX_KINDS` kinds, the total is limited to what the most frequent ones
    come to.
    """
    kinds: Counter[str] = Counter(answer.findings["kind"].to_pylist())
    seen: Counter[str] = Counter()
    picked: list[Finding] = []
    frequent = sorted(kinds.values())[-MAX_KINDS:]
    limit = sum(min(count, MAX_FINDINGS_PER_KIND) for count in frequent)
    for batch in answer.findings.to_batches(max_chunksize=1_000):
        for values in batch.to_pylist():
            seen[values["kind"]] += 1
            if seen[values["kind"]] <= MAX_FINDINGS_PER_KIND and len(picked) < limit:
                picked.append(Finding(**values))
        if len(picked) == limit:
            break
    return FirstFindings(dict(kinds), picked)


def read_examples(data: Dataset, firsts: Iterable[Sequence[Finding]]) -> list[list[Example]]:
    """Reads the texts of a few findings of each question.

    Args:
        data: The dataset.
        firsts: The listed findings of each of n questions.

    Returns:
        n lists of at most `MAX_EXAMPLES` examples.
    """
    picked = [_pick_examples(findings) for findings in firsts]
    ids = {id for few in picked for finding in few for id in finding.rows[:MAX_EXAMPLE_ROWS]}
    texts = {pair.id: pair for pair in read_pairs(data, [*ids])}
    return [
        [Example(f, [texts[id] for id in f.rows[:MAX_EXAMPLE_ROWS]]) for f in few] for few in picked
    ]


def read_pairs(data: Dataset, ids: Sequence[str]) -> list[ExamplePair]:
    """Reads the texts of rows, in the order of their ids; of an unknown id nothing."""
    found = {pair.id: pair for batch in data.pick(ids) for pair in _pairs(batch)}
    return [found[id] for id in ids if id in found]


def _pick_examples(findings: Sequence[Finding]) -> list[Finding]:
    """Picks at most `MAX_EXAMPLES` findings: the first of each kind, then the second of each, …."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    ranked = sorted(
        (place, order, finding)
        for order, of_kind in enumerate(kinds.values())
        for place, finding in enumerate(of_kind)
    )
    return [finding for _, _, finding in ranked[:MAX_EXAMPLES]]


def _pairs(batch: Batch) -> Iterable[ExamplePair]:
    sides = zip(_rows(batch.chosen), _rows(batch.rejected), strict=True)
    for id, (chosen, rejected) in zip(batch.ids.to_pylist(), sides, strict=True):
        prompt = _shorten_prompt(chosen[:-1])
        yield ExamplePair(id, batch.kept, prompt, _shorten_reply(chosen), _shorten_reply(rejected))


def _rows(turns: Turns) -> list[list[tuple[str, str]]]:
    """The turns of each row, as (role, content)."""
    pairs = list(zip(turns.role_names.to_pylist(), turns.content.texts().to_pylist(), strict=True))
    offsets = turns.offsets.tolist()
    return [pairs[start:end] for start, end in pairwise(offsets)]


def _shorten_reply(turns: Sequence[tuple[str, str]]) -> str:
    return shorten(turns[-1][1].strip(), MAX_CHARS)


def _shorten_prompt(turns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The last turns of a prompt, up to `MAX_CHARS` in all, after a remark on any earlier ones."""
    room, shown = MAX_CHARS, []
    for role, content in reversed(turns):
        if room <= 0:
            break
        shown.append((role, shorten(content.strip(), room)))
        room -= len(content.strip())
    left = len(turns) - len(shown)
    earlier = [("", f"({left:,} earlier turn{'' if left == 1 else 's'})")] if left else []
    return [*earlier, *reversed(shown)]
