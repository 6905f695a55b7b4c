"""Reads a project from YAML, JSON or a mapping, strictly: what is not understood is refused.

Most settings have a usual value (see `project.Project`). A field that there is not, a number out of
range or a choice that is none of the known ones is named, with what may be meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pairsmith.collecting.project import (
    GoldItem,
    Mode,
    Pairing,
    Project,
    ServedModel,
    Shown,
    Tranche,
)
from pairsmith.errors import CollectionError, RecipeError, SourceError
from pairsmith.io.yaml_events import bounded_events
from pairsmith.models.generation.endpoint import parse_address
from pairsmith.sources.layouts.source_file import check_subset
from pairsmith.sources.redteam import SUBSET

FILE_BYTES = 1 << 20
"""At most this long is a project's file: instructions and items whose answer is known are in it."""

LINE, TEXT = 300, 100_000
"""Characters of one line, such as a title, and of a text, such as instructions, at most."""

MOST = 1_000
"""At most this many models, tags, languages, or items whose answer is known."""

MOST_EVENTS = 20_000
"""Largest number of parts of a YAML text: the parser is slow."""

Check: TypeAlias = Callable[[Any, str], Any]
"""Given a value and what it is called: the value as a project holds it, or a fault."""


def read_project(path: Path) -> Project:
    """Reads a project from a file of YAML, of which JSON is a part.

    Raises:
        CollectionError: It cannot be read, or is no project.
    """
    try:
        with path.open("rb") as file:
            held = file.read(FILE_BYTES + 1)
        if len(held) > FILE_BYTES:
            raise CollectionError(f"The project in {path} is longer than {FILE_BYTES:,} bytes.")
        text = held.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CollectionError(f"The project in {path} cannot be read: {error}.") from None
    return parse_project(text, str(path))


def parse_project(text: str, place: str) -> Project:
    """A project from a text in YAML.

    Args:
        text: The text.
        place: Where it stands, as a sentence says it.

    Raises:
        CollectionError: It is no project.
    """
    import yaml

    if len(text.encode("utf-8", "surrogatepass")) > FILE_BYTES:
        raise CollectionError(f"The project in {place} is longer than {FILE_BYTES:,} bytes.")
    try:
        _check_yaml(text, place)
        project = make_project(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise CollectionError(f"The project in {place} cannot be read as YAML: {said}.") from None
    _check_endpoints(project)
    return project


def _check_yaml(text: str, place: str) -> None:
    """Checks that a text in YAML is plain values, and costs no more than its length suggests.

    Raises:
        CollectionError: It has parts that stand for others, or names types.
        ValueError: It costs more.
    """
    import yaml

    for event in bounded_events(text, MOST_EVENTS):
        if isinstance(event, yaml.AliasEvent):  # a few can stand for more than a memory holds
            raise CollectionError(
                f"The project in {place} names a part of itself again, as *name.", "Write it out."
            )
        if (tag := getattr(event, "tag", None)) is not None:
            raise CollectionError(
                f"The project in {place} names a type, {_show(tag)}.", "Write the value alone."
            )

    _check_once(yaml.compose(text, yaml.SafeLoader), place)


def _check_once(node: Any, place: str) -> None:
    """Checks that no field stands twice: YAML's reader takes the last one without a word.

    Raises:
        CollectionError: One does.
    """
    import yaml

    if isinstance(node, yaml.SequenceNode):
        for held in node.value:
            _check_once(held, place)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set[str]()
    for key, held in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                line = key.start_mark.line + 1
                raise CollectionError(
                    f"The project in {place} has {_show(key.value)} twice, the second time in line"
                    f" {line}.",
                    "Leave one of them.",
                )
            seen.add(key.value)
        _check_once(held, place)


def _check_endpoints(project: Project) -> None:
    """Checks that servers can be asked; of one that a collection has already that is seen then.

    Raises:
        CollectionError: An address is none.
    """
    for model in project.models:
        try:
            parse_address(model.endpoint)
        except RecipeError as error:
            raise CollectionError(
                f"The endpoint of the project's model {_show(model.name)} is"
                f" {_show(model.endpoint)}: no address of http or https.",
                error.hint,
            ) from None


def write_project(project: Project) -> str:
    """A project as a YAML file holds it."""
    import yaml

    return str(yaml.safe_dump(project.to_dict(), sort_keys=False, allow_unicode=True))


def make_project(given: Any) -> Project:
    """A project from a mapping.

    Args:
        given: Settings by name; `mode` and `title` have to be among them.

    Raises:
        CollectionError: A setting is unknown, missing, out of range or at odds with another.
    """
    checked = _check_fields(given, _PROJECT, "The project", ("mode", "title"))
    if checked.get("tranche") == Tranche.ONLINE:
        checked.setdefault("pairing", Pairing.DRAWN)
    project = Project(**checked)
    _check_whole(project)
    return project


def _check_whole(project: Project) -> None:
    """Checks settings against each other."""
    names = [model.name for model in project.models]
    again = next((name for name in names if names.count(name) > 1), None)
    if again is not None:
        raise CollectionError(f"Two models of the project are called {again!r}.", "Rename one.")
    if project.mode.talks and not project.models:
        raise CollectionError(
            f"A project of the mode {project.mode} names no models.",
            "Add models, each with name, endpoint and served_model.",
        )
    if project.pairing == Pairing.DIFFERENT and len(names) < 2:
        raise CollectionError(
            "To compare different models takes two of them or more.", "Or write pairing: same."
        )
    if project.tranche == Tranche.REJECTION_SAMPLED and project.score is None:
        raise CollectionError(
            "Rejection sampling takes a preference model that scores samples.",
            "Name it as score, or write tranche: base.",
        )
    if project.mode == Mode.REVIEW and not project.tags:
        raise CollectionError("A project of the mode review names no tags.", "Add tags.")
    if project.most_opinions < project.opinions:
        raise CollectionError(
            f"most_opinions is {project.most_opinions}, less than opinions, {project.opinions}."
        )
    if project.gold_share and not project.gold:
        raise CollectionError("gold_share is set, and there are no items in gold.", "Add some.")


def _check_fields(
    given: Any, known: Mapping[str, Check], where: str, needed: Collection[str]
) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise CollectionError(f"{where} is no fields with names.", "Write NAME: VALUE for each.")
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.6)
            hint = f"Did you mean {near[0]}?" if near else f"The fields are {', '.join(known)}."
            raise CollectionError(f"{where} has a field {_show(name)}, which is none.", hint)
    for name in needed:
        if given.get(name) is None:
            raise CollectionError(f"{where} has no {name}.", f"Add {name}.")
    held = {name: value for name, value in given.items() if value is not None}
    return {name: known[name](value, f"{where}'s {name}") for name, value in held.items()}


def _wrong(value: Any, what: str, wanted: str) -> CollectionError:
    return CollectionError(f"{what} is {_show(value)}.", f"Expected {wanted}.")


def _show(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a very large number"
    return text if len(text) <= 60 else f"{text[:57]}…"


def _text(value: Any, what: str, longest: int, blank: bool = True) -> str:
    if not isinstance(value, str) or any("\ud800" <= one <= "\udfff" for one in value):
        raise _wrong(value, what, "a text")
    if len(value) > longest:
        raise CollectionError(f"{what} has {len(value):,} characters, more than {longest:,}.")
    if not blank and not value.strip():
        raise _wrong(value, what, "a text that is not blank")
    if longest == LINE and not value.isprintable():
        raise _wrong(value, what, "one line without control characters")
    return value


def _number(value: Any, what: str, low: float, high: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not low <= value <= high:  # NaN is not, nor a number that no float holds
        raise _wrong(value, what, f"a number from {low:g} to {high:g}")
    return float(value)


def _whole(value: Any, what: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _wrong(value, what, f"a whole number from {low:,} to {high:,}")
    return value


def _word(value: Any, what: str, words: type[StrEnum]) -> StrEnum:
    if value not in [*words]:
        near = difflib.get_close_matches(str(value)[:60], [*words], 1, 0.6)
        said = f" Did you mean {near[0]}?" if near else ""
        raise CollectionError(f"{what} is {_show(value)}.", f"Known: {', '.join(words)}.{said}")
    return words(value)


def _flag(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, what, "true or false")
    return value


def _list(value: Any, what: str, check: Check) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST:
        raise _wrong(value, what, f"a list of at most {MOST:,}")
    return tuple(check(held, f"{what}, number {n}") for n, held in enumerate(value, 1))


def _once(value: Any, what: str) -> tuple[Any, ...]:
    held = _list(value, what, _LINE)
    if len(set(held)) < len(held):
        raise _wrong(value, what, "each of them once")
    return held


def _endpoint(value: Any, what: str) -> str:
    text = _text(value, what, LINE, blank=False)
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        sound, secret = False, False
    if not sound:
        raise _wrong(value, what, "an address that begins with http:// or https://")
    if secret:
        raise CollectionError(
            f"{what} holds a name or a password.", "A token belongs into PAIRSMITH_ENDPOINT_TOKEN."
        )
    return text


def _subset(value: Any, what: str) -> str:
    if value in ("", SUBSET):
        raise _wrong(value, what, f"the name of a subset of pairs, other than {SUBSET}")
    try:
        return check_subset(_text(value, what, LINE))
    except SourceError as error:
        raise CollectionError(f"{what}: {error.message}", error.hint) from None


def _parameters(value: Any, what: str) -> dict[str, float]:
    known: dict[str, Check] = {
        "temperature": partial(_number, low=0, high=10),
        "top_p": partial(_number, low=1e-6, high=1),
        "max_tokens": partial(_whole, low=1, high=100_000),
    }
    return _check_fields(value, known, what, ())


def _model(value: Any, what: str) -> ServedModel:
    return ServedModel(**_check_fields(value, _MODEL, what, ("name", "endpoint", "served_model")))


def _gold(value: Any, what: str) -> GoldItem:
    names = [held.name for held in fields(GoldItem)]
    return GoldItem(**_check_fields(value, dict.fromkeys(names, _SAID), what, names))


_LINE: Check = partial(_text, longest=LINE, blank=False)
_OPEN: Check = partial(_text, longest=LINE)
_LONG: Check = partial(_text, longest=TEXT)
_SAID: Check = partial(_text, longest=TEXT, blank=False)
_SHARE: Check = partial(_number, low=0, high=1)
_COUNT: Check = partial(_whole, low=1, high=1_000_000)

_MODEL: Mapping[str, Check] = {
    "name": _LINE,
    "endpoint": _endpoint,
    "served_model": _LINE,
    "share": partial(_number, low=1e-9, high=1e9),
    "system": _LONG,
    "parameters": _parameters,
    "type": _OPEN,
    "size": _OPEN,
}
_PROJECT: Mapping[str, Check] = {
    "mode": partial(_word, words=Mode),
    "title": _LINE,
    **dict.fromkeys(("instructions", "consent", "warning"), _LONG),
    "pay": _OPEN,
    "languages": _once,
    "models": partial(_list, check=_model),
    "tranche": partial(_word, words=Tranche),
    "best_of": partial(_whole, low=2, high=256),
    "score": _LINE,
    "shown": partial(_word, words=Shown),
    "pairing": partial(_word, words=Pairing),
    "subset": _subset,
    "test": partial(_number, low=0, high=0.95),
    "round": _OPEN,
    "max_turns": partial(_whole, low=1, high=1_000),
    "edits": _flag,
    **dict.fromkeys(("conversations_each", "conversations_total"), _COUNT),
    **dict.fromkeys(("opinions", "most_opinions"), partial(_whole, low=1, high=100)),
    **dict.fromkeys(("overlap", "gold_share"), _SHARE),
    "repeats": partial(_number, low=0, high=0.5),
    "gold": partial(_list, check=_gold),
    "lease": partial(_whole, low=10, high=1_000_000),
    "tags": _once,
    "tags_each": partial(_whole, low=1, high=20),
}
