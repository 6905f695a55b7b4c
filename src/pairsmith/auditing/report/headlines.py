"""The verdict as the report shows it: sentences, commands that can be typed, links to rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pairsmith.auditing.answer import Answer
from pairsmith.auditing.record import Audit
from pairsmith.auditing.report.examples import FirstFindings
from pairsmith.auditing.verdict import BUILD, MARKS, WORDS, Told, Unseen, show_command, worst_of


class Link(NamedTuple):
    """A kind of finding with rows in the page.

    Attributes:
        kind: Its name.
        found: How many findings of it there are.
        anchor: Where they stand in the page.
        command: What opens their rows.
    """

    kind: str
    found: int
    anchor: str
    command: str


class Headline(NamedTuple):
    """A claim of the verdict.

    Attributes:
        level: Its level, which is also the name of its style.
        word, mark: What a reader is told of the level, and the sign beside it.
        sentence: What was found.
        command: What mends or shows it; empty if there is none.
        mends: Whether the command mends it, rather than shows it.
        links: The findings that it is about.
        show: What opens their rows; empty where there are none, or where `command` shows them.
    """

    level: str
    word: str
    mark: str
    sentence: str
    command: str
    mends: bool
    links: list[Link]
    show: str


def links_of(
    answers: Sequence[Answer], firsts: Sequence[FirstFindings], fill: Callable[[str], str]
) -> list[list[Link]]:
    """Of each answer the kinds of its findings, each with a place in the page.

    Args:
        answers: The answers.
        firsts: Their findings that are listed.
        fill: Makes a command one that can be typed.
    """
    return [
        [
            Link(kind, count, f"q-{n}-{k}", fill(show_command(answer.question, [kind])))
            for k, (kind, count) in enumerate(first.kinds.items(), 1)
        ]
        for n, (answer, first) in enumerate(zip(answers, firsts, strict=True), 1)
    ]


def headlines(
    audit: Audit, links: Sequence[Sequence[Link]], fill: Callable[[str], str]
) -> list[Headline]:
    """The claims of the verdict of an audit."""
    places = {
        (answer.question, link.kind): link
        for answer, of_answer in zip(audit.answers, links, strict=True)
        for link in of_answer
    }
    return [_headline(told, places, fill) for told in audit.verdict.told]


def levels_of(audit: Audit) -> list[str]:
    """Of each answer the most urgent level of its claims; empty for none."""
    worst = [worst_of(answer) for answer in audit.answers]
    return ["" if level is None else level.value for level in worst]


def unseen(audit: Audit, fill: Callable[[str], str]) -> list[Unseen]:
    """What was not looked at, with commands that can be typed."""
    return [of._replace(command=fill(of.command)) for of in audit.verdict.unseen]


def _headline(
    told: Told, places: Mapping[tuple[str, str], Link], fill: Callable[[str], str]
) -> Headline:
    claim = told.claim
    found = [places.get((told.question, kind)) for kind in claim.kinds]
    links = [link for link in found if link is not None]
    mends = claim.command.startswith(BUILD)
    show = show_command(told.question, [link.kind for link in links]) if links and mends else ""
    return Headline(
        claim.level.value,
        WORDS[claim.level],
        MARKS[claim.level],
        claim.sentence,
        fill(claim.command),
        mends,
        links,
        fill(show),
    )
