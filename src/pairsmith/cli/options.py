"""Options of commands, made from the fields that `pairsmith.building.options` declares."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast, get_type_hints

import typer

from pairsmith.building.options import BuildOptions, Option, SourceOptions

GIVEN: Mapping[str, Any] = {"pairs": list[str] | None, "words": str | None, "file": Path | None}
"""What typer makes of values that are not given as they are."""

Command: TypeAlias = Callable[..., None]


def option(kind: type, name: str) -> Any:
    """A field as an option of the command line."""
    declared = _declared(kind)[name]
    return typer.Option(_flag(name, declared), metavar=declared.metavar, help=declared.help)


def with_options(*kinds: type) -> Callable[[Command], Command]:
    """Gives a command the fields of dataclasses as options, in place of its `**options`.

    The command gets them by the fields' names, their values as the fields take them.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            for kind in kinds:
                for name, declared in _declared(kind).items():
                    given[name] = _value(declared, _flag(name, declared), given[name])
            command(**given)

        parameters = inspect.signature(command, eval_str=True).parameters.values()
        own = [p.replace(kind=p.KEYWORD_ONLY) for p in parameters if p.kind != p.VAR_KEYWORD]
        made = [parameter for kind in kinds for parameter in _parameters(kind)]
        asked = [p for p in own if p.default is p.empty]
        signature = inspect.Signature([*asked, *made, *(p for p in own if p not in asked)])
        run.__signature__ = signature  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        return run

    return decorate


def _declared(kind: type) -> dict[str, Option]:
    """The fields of a dataclass with what each declares."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in fields(kind)}


def _parameters(kind: type) -> Iterator[inspect.Parameter]:
    """The fields of a dataclass as parameters that typer reads."""
    types, annotated = get_type_hints(kind), cast(Any, Annotated)
    for field in fields(kind):
        given = _declared(kind)[field.name].given
        annotation = annotated[GIVEN.get(given, types[field.name]), option(kind, field.name)]
        default = field.default if given == "value" and field.default is not MISSING else None
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )


def _flag(name: str, declared: Option) -> str:
    return declared.flag or "--" + name.strip("_").replace("_", "-")


def _value(declared: Option, flag: str, given: Any) -> Any:
    """A value as the field takes it.

    Raises:
        RecipeError: It is not as the option has to be given.
    """
    if declared.given == "pairs":
        return pairs_of(flag, given or [])
    if declared.given == "words":
        return [] if given is None else [word.strip() for word in given.split(",")]
    return given


def pairs_of(flag: str, given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE options as a dictionary.

    Raises:
        RecipeError: One has no equals sign, or a name is given twice.
    """
    from pairsmith.errors import RecipeError

    pairs: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise RecipeError(f"{flag} {pair} gives no value.", f"Write {flag} NAME=VALUE.")
        if name in pairs:
            raise RecipeError(f"{flag} gives {name} twice.", "Leave one of them.")
        pairs[name] = value
    return pairs


Tokens: TypeAlias = Annotated[list[str] | None, option(BuildOptions, "tokens")]
Date: TypeAlias = Annotated[str | None, option(BuildOptions, "date")]
From: TypeAlias = Annotated[str, option(SourceOptions, "from_")]
