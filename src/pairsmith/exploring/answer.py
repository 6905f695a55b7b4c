"""The types of an exploration: `Study` goes into a question, `Answer` comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from pairsmith.auditing.answer import UnansweredError
from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.reader import Dataset
from pairsmith.exploring.attempts import Attempts
from pairsmith.exploring.options import ExploreOptions
from pairsmith.statistics.bootstrap import Bootstrap, Floats
from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from pairsmith.exploring.pairs import Pairs
    from pairsmith.exploring.topics.topics import Topics

FEW_ROWS, FEW_MEMBERS = 20, 10
"""Of fewer rows, or of rows of fewer members, nothing is said but that they are too few."""


class Effect(NamedTuple):
    """One of many things that are compared: a tag, a topic, a word, a model beside another.

    Attributes:
        of: What it is, such as `Violence & incitement`.
        unit: What the estimate is in, such as `points of success` or `odds ratio`.
        estimate: How large it is; None where nothing can be said.
        low, high: Its 95 % interval; None where there is none.
        rows: The rows that have it.
        groups: The members, or conversations, that these are of.
        p: The probability of an effect as large where there is none; None where too few.
        numbers: More about it, by the headings of columns: values that JSON can hold.
    """

    of: str
    unit: str
    estimate: float | None
    low: float | None
    high: float | None
    rows: int
    groups: int
    p: float | None
    numbers: dict[str, Any] = {}  # noqa: RUF012  (never changed)


class Effects(NamedTuple):
    """Effects that are listed together, the largest first.

    Attributes:
        title: What the list is of.
        words: What to know before it: what it is controlled for, of which rows.
        effects: The effects; those that are too few have no `p`.
        harmful: Whether names are words of the dataset, which a report without texts leaves out.
    """

    title: str
    words: str
    effects: tuple[Effect, ...]
    harmful: bool = False


class Row(NamedTuple):
    """A row to read.

    Attributes:
        id: Its id.
        why: Why it is listed, in a few words that quote nothing.
        score: The number that it is listed for; None if there is none.
    """

    id: str
    why: str
    score: float | None = None


class Reading(NamedTuple):
    """A list of rows to read, the most telling first.

    Attributes:
        label: What the annotation says of them: small letters, digits and `-`.
        title: What the list is of.
        rows: The rows; all of them. The report shows the first ones.
    """

    label: str
    title: str
    rows: tuple[Row, ...]


class Labels(NamedTuple):
    """What is said of many rows in the annotation, at most one thing of each.

    Attributes:
        ids: n ids.
        of: n places in `labels`; -1 where nothing is said.
        labels: k labels: small letters, digits and `-`.
        details: k details, None for none: words of the dataset unless texts are left out.
        scores: n numbers; not a number where there is none.
    """

    ids: pa.StringArray
    of: Index
    labels: tuple[str, ...]
    details: tuple[str | None, ...]
    scores: Floats


@dataclass(frozen=True)
class Answer:
    """The output of a question.

    Attributes:
        question: Its name, such as `models`.
        title: Its heading in the report.
        sentence: The answer in one to three sentences, with intervals and n.
        headline: It in one sentence for the verdict; empty if it is no news.
        numbers: The statistics behind it, by name: values that JSON can hold.
        effects: What was compared, list by list; what is sure among all lists is told after all
            questions are answered.
        readings: Rows to read.
        unanswered: Why there is no answer, a sentence; empty if there is one.
        labels: What the annotation says of all rows besides. It is in no report.
    """

    question: str
    title: str
    sentence: str
    headline: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)
    effects: tuple[Effects, ...] = ()
    readings: tuple[Reading, ...] = ()
    unanswered: str = ""
    labels: tuple[Labels, ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """The input of a question.

    Attributes:
        out: The folder of the build.
        built: Its manifest.
        options: What was asked for.
        attempts: Its dialogues; None if it keeps none.
        data: Its pairs; None if it keeps none.
    """

    out: Path
    built: Manifest
    options: ExploreOptions
    attempts: Attempts | None = None
    data: Dataset | None = None

    @property
    def dialogues(self) -> Attempts:
        """The dialogues.

        Raises:
            UnansweredError: There are none.
        """
        if self.attempts is None:
            raise UnansweredError("The build keeps no dialogues.")
        return self.attempts

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs, read once for all questions.

        Raises:
            UnansweredError: There are none.
        """
        from pairsmith.exploring.pairs import read_pairs

        if self.data is None:
            raise UnansweredError("The build keeps no pairs.")
        return read_pairs(self.data, self.options.seed)

    @cached_property
    def pair_topics(self) -> Topics:
        """The topics of the prompts of the pairs in `pairs.sample`.

        Raises:
            UnansweredError: There are no pairs, or none to be found.
        """
        from pairsmith.exploring.topics.topics import topics_of

        return topics_of(self.pairs.prompts, self.options.seed)

    @cached_property
    def members(self) -> Bootstrap:
        """Draws of the members who wrote the dialogues."""
        return Bootstrap(self.dialogues.groups, seed=self.options.seed, of="members")

    @cached_property
    def topics(self) -> Topics:
        """The topics of the dialogues, found once for all questions and the map.

        Raises:
            UnansweredError: There are none to be found.
        """
        from pairsmith.exploring.topics.topics import find_topics

        return find_topics(self)


Question: TypeAlias = Callable[[Study], Answer]

__all__ = [
    "Answer", "Effect", "Effects", "Labels", "Question", "Reading", "Row", "Study",
    "UnansweredError",
]  # fmt: skip
