"""Options of commands, made from the fields that declare an `Option`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, cast, get_type_hints

import typer

from pairsmith.building.options import BuildOptions, SourceOptions
from pairsmith.cli.values import value_of
from pairsmith.schema.options import Option

GIVEN: Mapping[str, Any] = {
    "list": list[str] | None,
    "pairs": list[str] | None,
    "choices": list[str] | None,
    "text": list[str] | None,
    "file": Path | None,
}
"""What typer makes of values that are not given as they are."""

Groups: TypeAlias = Mapping[str, tuple[str, ...]]
Command: TypeAlias = Callable[..., None]


def option(kind: type, name: str, group: str | None = None) -> Any:
    """A field as an option of the command line, in a group of its help."""
    declared = _declared(kind)[name]
    made = typer.Option(_flag(name, declared), metavar=declared.metavar, help=declared.help)
    made.rich_help_panel = group
    return made


def with_options(
    *kinds: type, groups: Groups = MappingProxyType({})
) -> Callable[[Command], Command]:
    """Gives a command the fields of dataclasses as options, in place of its `**options`.

    The command gets them by the fields' names, their values as the fields take them.
    """
    group_of = {name: group for group, names in groups.items() for name in names}
    place = {name: number for number, name in enumerate(group_of)}

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            for kind in kinds:
                for name, declared in _declared(kind).items():
                    given[name] = value_of(declared, _flag(name, declared), given[name])
            command(**given)

        signature = inspect.signature(command, eval_str=True)
        given = signature.parameters.values()
        own = [p.replace(kind=p.KEYWORD_ONLY) for p in given if p.kind != p.VAR_KEYWORD]
        made = [parameter for kind in kinds for parameter in _parameters(kind, group_of)]
        made.sort(key=lambda parameter: place.get(parameter.name, -1))
        asked = [parameter for parameter in own if parameter.default is parameter.empty]
        parameters = [*asked, *made, *(parameter for parameter in own if parameter not in asked)]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _declared(kind: type) -> dict[str, Option]:
    """The fields of a dataclass with what each declares."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in fields(kind)}


def _parameters(kind: type, group_of: Mapping[str, str]) -> Iterator[inspect.Parameter]:
    """The fields of a dataclass as parameters that typer reads."""
    types, annotated = get_type_hints(kind), cast(Any, Annotated)
    for field in fields(kind):
        given = _declared(kind)[field.name].given
        annotation = annotated[
            GIVEN.get(given, types[field.name]), option(kind, field.name, group_of.get(field.name))
        ]
        default = field.default if given == "value" and field.default is not MISSING else None
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )


def _flag(name: str, declared: Option) -> str:
    return declared.flag or "--" + name.strip("_").replace("_", "-")


Tokens: TypeAlias = Annotated[list[str] | None, option(BuildOptions, "tokens")]
Date: TypeAlias = Annotated[str | None, option(BuildOptions, "date")]
From: TypeAlias = Annotated[str, option(SourceOptions, "from_")]
