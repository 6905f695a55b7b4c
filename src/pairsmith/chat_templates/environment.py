"""The Jinja environment that chat templates are written for, sandboxed.

It is defined by `transformers` (`utils/chat_template_utils.py`), which takes 0.1 to 0.7 seconds to
load. This one renders the built-in templates, and any where `transformers` is not installed; tests
hold them equal: sandboxed and
immutable, blocks trimmed, loop controls, the `generation` tag, `tojson` that escapes no HTML,
`raise_exception`, `strftime_now`, and a `namespace` and `dict` that lead nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace


def make_environment() -> ImmutableSandboxedEnvironment:
    """A fresh environment for one template."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = to_json
    environment.globals.update(
        raise_exception=raise_exception,
        strftime_now=datetime.now().strftime,
        dict=PlainDict(),
        namespace=PlainNamespace,
    )
    return environment


class GenerationTag(Extension):
    """`{% generation %}…{% endgeneration %}`: marks what the model wrote, and adds nothing."""

    tags = {"generation"}  # noqa: RUF012  (as Jinja declares it)

    def parse(self, parser: Parser) -> nodes.Node:
        """The body of the tag, in a scope of its own."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_written"), [], [], body).set_lineno(line)

    def _written(self, caller: Callable[[], str]) -> str:
        return caller()


class PlainDict:
    """`dict` without its attributes, which would lead into Python."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        """As `dict`."""
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """As `dict.fromkeys`."""
        return dict.fromkeys(*args)


class PlainNamespace(Namespace):
    """A namespace that takes no name with a leading underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, *given = args  # so that a template may call an attribute `self`
        names = dict(*given, **kwargs)
        for name in names:
            _check_name(name)
        Namespace.__init__(self, names)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        Namespace.__setitem__(self, name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace cannot hold {name!r}, which begins with an underscore")


def raise_exception(message: str) -> None:
    """What a template calls to refuse a conversation.

    Raises:
        TemplateError: Always.
    """
    raise TemplateError(message)


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """The filter `tojson`: JSON as it is, without HTML escapes."""
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
