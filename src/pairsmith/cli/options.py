"""Options of commands, made from the fields that declare an `Option`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast, get_type_hints

import typer

from pairsmith.building.options import BuildOptions, SourceOptions
from pairsmith.cli.values import value_of
from pairsmith.schema.options import Option

GIVEN: Mapping[str, Any] = {
    "list": list[str] | None,
    "pairs": list[str] | None,
    "words": str | None,
    "text": str | None,
    "file": Path | None,
}
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
                    given[name] = value_of(declared, _flag(name, declared), given[name])
            command(**given)

        signature = inspect.signature(command, eval_str=True)
        own = [
            parameter.replace(kind=parameter.KEYWORD_ONLY)
            for parameter in signature.parameters.values()
            if parameter.kind != parameter.VAR_KEYWORD
        ]
        made = [parameter for kind in kinds for parameter in _parameters(kind)]
        asked = [parameter for parameter in own if parameter.default is parameter.empty]
        others = [parameter for parameter in own if parameter not in asked]
        parameters = [*asked, *made, *others]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
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


Tokens: TypeAlias = Annotated[list[str] | None, option(BuildOptions, "tokens")]
Date: TypeAlias = Annotated[str | None, option(BuildOptions, "date")]
From: TypeAlias = Annotated[str, option(SourceOptions, "from_")]
