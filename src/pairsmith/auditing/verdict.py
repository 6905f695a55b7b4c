"""The verdict of an audit: what its questions claim, in order of harm.

A question gives claims, which say what is to be done about what was found, and how much of the data
it spoils. The verdict is the few of all claims that a reader should see first.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.chat_templates.builtin import FAMILIES
from pairsmith.schema.rows import Origin

if TYPE_CHECKING:
    from pairsmith.auditing.answer import Answer
    from pairsmith.schema.recipe import Recipe

MOST = 5
"""The most sentences of a verdict."""

OUT = "OUT"
"""Stands in a command for the folder of the build."""

BUILD = "pairsmith build SOURCE NEW"
"""How a command begins that builds the source again, into another folder."""


REPEATED = ("--drop", "--mend")
"""Options of a build that take several names."""


class Level(StrEnum):
    """How urgent a claim is; the most urgent first.

    `ACT`: it spoils training or evaluation, and what mends it is known. `LOOK`: a person has to
    judge. `FINE`: it was checked, and nothing was found.
    """

    ACT = "act"
    LOOK = "look"
    FINE = "fine"


WORDS = {Level.ACT: "Act on this", Level.LOOK: "Look at this", Level.FINE: "Fine"}
"""What a reader is told of each level."""

MARKS = {Level.ACT: "!", Level.LOOK: "?", Level.FINE: "✓"}
"""A sign of each level beside its word: it is never told by colour alone."""


class Claim(NamedTuple):
    """What a question says of the data, as a sentence of the verdict.

    Attributes:
        level: How urgent it is.
        sentence: What was found, with its number, its interval and of how many rows. It quotes no
            text of the dataset.
        harm: The share of rows that it spoils, from 0 to 1.
        command: What mends it, or shows it, as it can be typed, with `OUT` for the folder of the
            build, `SOURCE` for its source and `NEW` for another folder; empty if there is none.
        kinds: The kinds of findings whose rows it is about; the rows of each are opened by
            `pairsmith show OUT --finding QUESTION:KIND`.
    """

    level: Level
    sentence: str
    harm: float
    command: str = ""
    kinds: tuple[str, ...] = ()


class Told(NamedTuple):
    """A claim in the verdict.

    Attributes:
        question: The question that makes it; empty for what several say.
        claim: The claim.
    """

    question: str
    claim: Claim

    def to_dict(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        held = {**self.claim._asdict(), "level": self.claim.level.value}
        return {"question": self.question, **held, "kinds": [*self.claim.kinds]}


class Unseen(NamedTuple):
    """What an audit did not look at.

    Attributes:
        question: The question that has no answer; empty where it is about rows that no question
            is put to.
        what: What was not looked at, in one or two words.
        why: Why not, as a sentence.
        command: What would look at it, as in `Claim`; empty if nothing would.
    """

    question: str
    what: str
    why: str
    command: str

    def to_dict(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return self._asdict()


class Verdict(NamedTuple):
    """The sentences that an audit opens with.

    Attributes:
        told: The first claims in order of harm, at most `MOST`; what is fine is one of them, or
            several where little else is said.
        more: How many more claims say that something is to be done or looked at.
        unseen: What was not looked at.
        levels: Of all claims, how many are of each level.
    """

    told: tuple[Told, ...]
    more: int
    unseen: tuple[Unseen, ...]
    levels: Mapping[Level, int]

    def reaches(self, level: Level) -> bool:
        """Whether any claim is of a level, or of a more urgent one."""
        return self.count(level) > 0

    def count(self, level: Level) -> int:
        """How many claims are of a level, or of a more urgent one."""
        return sum(self.levels[one] for one in [*Level][: [*Level].index(level) + 1])

    @property
    def together(self) -> str:
        """One command that drops and mends what several of the claims would; empty for fewer.

        A build is made of the source, so that the second of two commands would undo the first.
        """
        commands = [told.claim.command for told in self.told]
        given = {
            flag: [
                c.removeprefix(f"{BUILD} {flag} ")
                for c in commands
                if c.startswith(f"{BUILD} {flag} ")
            ]
            for flag in REPEATED
        }
        if sum(map(len, given.values())) < 2:
            return ""
        options = [
            f" {flag} {','.join(dict.fromkeys(names))}" for flag, names in given.items() if names
        ]
        return BUILD + "".join(options)

    def to_dict(self) -> dict[str, Any]:
        """As `audit.json` holds it; commands have their placeholders."""
        return {
            "levels": {level.value: self.levels[level] for level in Level},
            "claims": [told.to_dict() for told in self.told],
            "more": self.more,
            "not_looked_at": [unseen.to_dict() for unseen in self.unseen],
        }


def judge(answers: Iterable[Answer], kept: int, unseen: Iterable[Unseen] = ()) -> Verdict:
    """Orders what answers claim, by level and then by harm, and takes the first.

    Args:
        answers: The answers, in the order in which they were asked. One that claims nothing, but
            has findings, is to be looked at.
        kept: The rows that were looked at.
        unseen: What was not looked at besides the questions without an answer.
    """
    given = [*answers]
    every = [Told(answer.question, claim) for answer in given for claim in _claims(answer, kept)]
    levels = {level: sum(told.claim.level is level for told in every) for level in Level}
    fine = [told for told in every if told.claim.level is Level.FINE]
    urgent = [told for told in every if told.claim.level is not Level.FINE]
    urgent.sort(key=lambda told: ([*Level].index(told.claim.level), -told.claim.harm))
    first = urgent[: MOST - bool(fine)]
    titles = {answer.question: answer.title for answer in given}
    more = _fit(fine, MOST - len(first) if len(first) < 2 else 1, titles, kept)
    without = [
        Unseen(answer.question, answer.title, answer.unanswered, answer.command)
        for answer in given
        if answer.unanswered
    ]
    return Verdict((*first, *more), len(urgent) - len(first), (*without, *unseen), levels)


def fill_command(command: str, out: str, recipe: Recipe | None = None) -> str:
    """A command with the folder of the build in it, quoted for a shell.

    >>> fill_command("pairsmith show OUT --finding duplicates", "my data")
    "pairsmith show 'my data' --finding duplicates"

    Args:
        command: As in `Claim`.
        out: The folder of the build.
        recipe: That of the build: a command that builds again does so with the same template, and
            drops besides what was dropped. None if it is not known.
    """
    held = {OUT: out}
    if recipe is not None:
        command = _again(command, recipe)
        held["SOURCE"] = "sample" if recipe.origin is Origin.SAMPLE else ""
    filled = []
    for word in command.split(" "):
        head, slash, rest = word.partition("/")
        filled.append(f"{shlex.quote(held[head])}{slash}{rest}" if held.get(head) else word)
    return " ".join(filled)


def _again(command: str, recipe: Recipe) -> str:
    """A command that builds again, with the options of the recipe that it has to repeat."""
    head, build, rest = command.partition(BUILD)
    if head or not build:
        return command
    for flag, names in zip(REPEATED, (recipe.drop, recipe.mend), strict=True):
        if names and f" {flag} " in rest:
            rest = rest.replace(f" {flag} ", f" {flag} {','.join(names)},")
        elif names:
            rest += f" {flag} {','.join(names)}"
    name = recipe.chat_format
    template = f" --template {name if name in FAMILIES else 'TEMPLATE'}" if name else ""
    return f"{build}{template}{rest}"


def show_command(question: str, kinds: Sequence[str]) -> str:
    """The command that opens the rows of findings: of one kind alone, or of all of a question."""
    asked = f"{question}:{kinds[0]}" if len(kinds) == 1 else question
    return f"pairsmith show {OUT} --finding {shlex.quote(asked)}"


def worst_of(answer: Answer) -> Level | None:
    """The most urgent level of what an answer claims; None if it claims nothing."""
    claimed = {claim.level for claim in _claims(answer, 0)}
    return next((level for level in Level if level in claimed), None)


def _claims(answer: Answer, kept: int) -> tuple[Claim, ...]:
    """The claims of an answer; one in its own words where it has none but found something."""
    if answer.claims or answer.unanswered or not answer.findings.num_rows:
        return answer.claims
    rows = {ids[0] for ids in answer.findings["rows"].to_pylist() if ids}
    kinds = sorted(set(answer.findings["kind"].to_pylist()))
    harm = min(len(rows) / kept, 1.0) if kept else 0.0
    command = show_command(answer.question, kinds)
    return (Claim(Level.LOOK, answer.sentence, harm, command, tuple(kinds)),)


def _fit(fine: list[Told], room: int, titles: Mapping[str, str], kept: int) -> list[Told]:
    """What is fine in at most some sentences; what there is no room for is named in the last."""
    if len(fine) <= room:
        return fine
    shown, rest = fine[: room - 1], fine[room - 1 :]
    names = dict.fromkeys(_lower(titles[told.question]) for told in rest)
    said = f"Checked in {kept:,} rows, without anything that stands out: {', '.join(names)}."
    return [*shown, Told("", Claim(Level.FINE, said, 0.0))]


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]
