"""docs/reference/api.md from docstrings: `python tests/support/api_page.py` writes it anew."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import StrEnum
from inspect import Parameter
from pathlib import Path
from typing import get_type_hints

import pairsmith
from pairsmith.building.options import (
    BuildArguments,
    BuildOptions,
    ExecutionOptions,
    SourceOptions,
)
from pairsmith.cli.choices import fill

KINDS = (BuildOptions, SourceOptions, ExecutionOptions)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"
HEAD = """# Python API

What `import pairsmith` offers. Everything else may move between versions. This page is made from the docstrings by `python tests/support/api_page.py`.
"""  # noqa: E501
SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):\n((?:[ ].*\n?|\n)+)", re.M)
ENTRY = re.compile(r"^([\w*, ]+?): (.*)$")


def render_page() -> str:
    """The whole page."""
    names = sorted((n for n in pairsmith.__all__ if n != "__version__"), key=kind_and_name)
    return HEAD + "".join(render_name(name, getattr(pairsmith, name)) for name in names)


def kind_and_name(name: str) -> tuple[bool, str]:
    """Functions first, then classes, each by name."""
    return inspect.isclass(getattr(pairsmith, name)), name


def render_name(name: str, thing: object) -> str:
    """The section of one public name."""
    doc = inspect.getdoc(thing) or ""
    parts = [f"\n## {name}\n"]
    if inspect.isfunction(thing):
        parts.append(f"\n```py\n{signature_text(name, thing)}\n```\n")
    text = render_docstring(doc)
    if inspect.isfunction(thing) and any(map(is_options, arguments_of(thing))):
        text = re.sub(
            r"^- `options`: .*$", lambda found: found[0] + option_list(), text, flags=re.M
        )
    parts.append(f"\n{text}\n")
    if inspect.isclass(thing):
        parts.extend(["\n", *render_members(thing)])
    return "".join(parts).rstrip("\n") + "\n"


def signature_text(name: str, function: Callable[..., object]) -> str:
    """A signature, an argument a line."""
    signature = inspect.signature(function)
    arguments = [
        argument
        for held in arguments_of(function)
        for argument in (option_arguments() if is_options(held) else [held])
    ]
    lines = [f"    {argument_text(argument)}," for argument in arguments]
    keywords = [argument.kind is Parameter.KEYWORD_ONLY for argument in arguments]
    if any(keywords):
        lines.insert(keywords.index(True), "    *,")
    return "\n".join([f"{name}(", *lines, f") -> {signature.return_annotation}"])


def arguments_of(function: Callable[..., object]) -> list[Parameter]:
    """The arguments of a function."""
    return list(inspect.signature(function).parameters.values())


def is_options(argument: Parameter) -> bool:
    """Whether an argument stands for the options of a build."""
    return bool(argument.annotation == f"Unpack[{BuildArguments.__name__}]")


def option_arguments() -> Iterator[Parameter]:
    """The options of a build as arguments, types as they are written in the source."""
    types = {name: held.__forward_arg__ for name, held in BuildArguments.__annotations__.items()}
    for kind in KINDS:
        for field in fields(kind):
            yield Parameter(
                field.name,
                Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=types[field.name],
            )


def option_list() -> str:
    """What each option of a build means, an entry a line."""
    lines = [""]
    for kind in KINDS:
        hints = get_type_hints(kind, include_extras=True)
        lines += [
            f"  - `{f.name}`: {fill(hints[f.name].__metadata__[0].help)}" for f in fields(kind)
        ]
    return "\n".join(lines)


def argument_text(argument: Parameter) -> str:
    """An argument with its type as it is written in the source, and its default."""
    stars = "**" if argument.kind is Parameter.VAR_KEYWORD else ""
    default = "" if argument.default is Parameter.empty else f" = {argument.default!r}"
    return f"{stars}{argument.name}: {argument.annotation}{default}"


def render_docstring(doc: str) -> str:
    """A docstring in Google's style as Markdown: sections as lists."""
    text = SECTION.sub(lambda found: render_section(found[1], found[2]), doc + "\n")
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def render_section(title: str, body: str) -> str:
    """One section; lines that are indented further belong to the entry before."""
    entries: list[str] = []
    for line in inspect.cleandoc(" " * 4 + body.lstrip()).splitlines():
        if line.startswith(" ") and entries:
            entries[-1] += f" {line.strip()}"
        elif line:
            entries.append(line)
    if title in ("Returns", "Yields"):
        return f"**{title}** {' '.join(entries)}\n\n"
    return f"**{title}**\n\n" + "".join(f"- {named(entry)}\n" for entry in entries) + "\n"


def named(entry: str) -> str:
    """An entry with its name as code."""
    found = ENTRY.match(entry)
    return f"`{found[1]}`: {found[2]}" if found else entry


def render_members(kind: type) -> Iterator[str]:
    """The public members of a class that its docstring does not list."""
    if issubclass(kind, StrEnum):
        yield ", ".join(f"`{member.value}`" for member in kind) + "\n"
        return
    members = {
        name: member
        for name, member in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(member) or is_computed(member))
    }
    if members:
        yield "**Methods and properties**\n\n"
    for name, member in members.items():
        call = "" if isinstance(member, property) else "(…)"
        first = (inspect.getdoc(member) or "").partition("\n")[0]
        yield f"- `.{name}{call}`: {first}\n"


def is_computed(member: object) -> bool:
    """Whether a member is a property, or made on the class."""
    return isinstance(member, property | classmethod)


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
