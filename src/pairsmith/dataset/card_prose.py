"""Cards that two write: sections of ours between marks, and around them prose that is the owner's.

A section begins with `<!-- pairsmith NAME: … -->` and ends with `<!-- pairsmith NAME: end -->`.
Another build brings other sections; what stands outside of them stays, and so do the entries of
the front matter that no build decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

HINT = "pairsmith writes this part anew; write above or below it"
DECIDED = ("configs", "size_categories")
"""The entries of the front matter that follow from the rows."""

MARK = re.compile(r"^<!-- pairsmith ([a-z]+): ([^\n]*?) -->$", re.M)
KEY = re.compile(r"""(?P<quote>['"]?)(?P<key>[\w.-]+)(?P=quote):(?:\s|$)""")
FRONT_CHARS = 1 << 17  # characters of a front matter


class Part(NamedTuple):
    """A part of a card's body: a section of ours by its name, or prose, whose name is ''."""

    name: str
    text: str


class Merged(NamedTuple):
    """A card of two.

    Attributes:
        text: The card.
        kept: The entries of the front matter that are the owner's.
        fault: Why the owner's front matter was not kept; '' where it was.
    """

    text: str
    kept: tuple[str, ...]
    fault: str = ""


def begin(name: str) -> str:
    """The line before a section."""
    return f"<!-- pairsmith {name}: {HINT} -->"


def end(name: str) -> str:
    """The line after a section."""
    return f"<!-- pairsmith {name}: end -->"


def cut(body: str) -> list[Part]:
    """The parts of a body, which put together are the body; a mark without its like is prose."""
    parts: list[Part] = []
    place = 0
    marks = list(MARK.finditer(body))
    for number, mark in enumerate(marks):
        if mark.start() < place or mark[2] == "end":
            continue
        last = next((m for m in marks[number + 1 :] if m[1] == mark[1]), None)
        if last is None or last[2] != "end":
            continue
        stop = last.end() + 1 if body[last.end() : last.end() + 1] == "\n" else last.end()
        if mark.start() > place:
            parts.append(Part("", body[place : mark.start()]))
        parts.append(Part(mark[1], body[mark.start() : stop]))
        place = stop
    if place < len(body):
        parts.append(Part("", body[place:]))
    return parts


def is_marked(text: str) -> bool:
    """Whether a card has a section of ours."""
    return any(part.name for part in cut(divide(text)[1]))


def prose_of(text: str) -> str:
    """The prose of a card: what stands outside of all sections, without blank ends."""
    parts = cut(divide(text)[1])
    return "\n\n".join(part.text.strip() for part in parts if not part.name and part.text.strip())


def sections_of(text: str) -> dict[str, str]:
    """The sections of a card by their names."""
    return {part.name: part.text for part in cut(divide(text)[1]) if part.name}


def names_of(text: str) -> set[str]:
    """The names of the entries of a card's front matter; none where it cannot be read."""
    return set(_entries(divide(text)[0]) or ())


def divide(text: str) -> tuple[str, str]:
    """The front matter of a card, without its fences, and the body; '' where it has none."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() == "---":
        for number, line in enumerate(lines[1:], start=1):
            if line.rstrip() == "---":
                return "\n".join(lines[1:number]) + "\n", "\n".join(lines[number + 1 :])
    return "", "\n".join(lines)


def merge(theirs: str, ours: str, base: str = "", told: Collection[str] = ()) -> Merged:
    """A card of ours with the prose and the entries of another.

    An entry that its owner changed stays so; one that both changed too, unless it was told.

    Args:
        theirs: The owner's, with sections of an earlier one of ours, or without.
        ours: As it is made now.
        base: As it was made for the build that the owner's was of; '' where that is not known.
        told: Entries of the front matter that whoever made ours asked for.
    """
    matter, body = divide(theirs)
    new_matter, new_body = divide(ours)
    front, kept, fault = _merge_fronts(matter, new_matter, divide(base)[0], told)
    text = _merge_bodies(cut(body), cut(new_body))
    return Merged(f"---\n{front}---\n{text}", kept, fault)


def _merge_bodies(theirs: list[Part], ours: list[Part]) -> str:
    """The prose of one body and the sections of another, each where it stood."""
    new = {part.name: part.text for part in ours if part.name}
    if not any(part.name for part in theirs):
        prose = _joined(theirs).strip("\n")
        return f"\n{prose}\n\n" + "\n".join(new.values()) if prose else _joined(ours)
    held = [part for part in theirs if not part.name or part.name in new]
    there = {part.name for part in held}
    for number, name in enumerate(new):
        if name not in there:
            before = list(new)[:number]
            at = max((i + 1 for i, part in enumerate(held) if part.name in before), default=0)
            held[at:at] = [Part("", "\n"), Part(name, new[name])] if at else [Part(name, new[name])]
            there.add(name)
    return _joined([Part(part.name, new.get(part.name, part.text)) for part in held])


def _joined(parts: list[Part]) -> str:
    return "".join(part.text for part in parts)


def _merge_fronts(
    theirs: str, ours: str, base: str, told: Collection[str]
) -> tuple[str, tuple[str, ...], str]:
    """The entries of both; the names of those that are the owner's; and what is wrong with them."""
    mine, held, before = _entries(ours) or {}, _entries(theirs), _entries(base) or {}
    if held is None:
        return ours, (), "its front matter cannot be read"
    front = {}
    for key, text in held.items():
        changed = text != before.get(key)
        asked = key in told and mine.get(key) != before.get(key)
        if key in mine and (key in DECIDED or asked or not changed):
            front[key] = mine[key]
        elif changed or not base:
            front[key] = text
    kept = tuple(key for key in front if front[key] != mine.get(key))
    front |= {key: text for key, text in mine.items() if key not in front}
    return "".join(front.values()), kept, ""


def _entries(matter: str) -> dict[str, str] | None:
    """The lines of each entry of a front matter, comments with what they follow; None for others.

    They are told apart by their lines, for YAML that is read and written again loses comments,
    quotes and order; what YAML reads differently is not told apart at all.
    """
    import yaml

    entries: dict[str, str] = {}
    last = ""
    for line in matter.splitlines(keepends=True):
        found = KEY.match(line)
        if found and found["key"] not in entries:
            last = found["key"]
            entries[last] = line
        elif last and (line[0] in " \t\n#" or line.startswith("- ") or line == "-\n"):
            entries[last] += line
        elif line.strip():
            return None
    try:
        # libyaml's, where it is there: the other takes minutes for very many brackets
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        read = yaml.load(matter, loader) if len(matter) <= FRONT_CHARS else None  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return entries if list(read or {}) == list(entries) else None
