"""Reads a template: renders it on symbols, which shows what it does to any contents.

The template is compiled by Jinja as always; its code then runs with symbols for contents. What it
decides by roles, places and the number of messages, it decides as always; what it does to contents,
the symbols follow. Nothing of Jinja sees a symbol but for the operations of the language, the
filters and the tests, and all of these are here: those that are not listed do not take one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, NoReturn, TypeAlias

from jinja2 import TemplateError, Undefined, nodes
from jinja2.filters import do_format, make_attrgetter
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pairsmith.chat_templates.environment import make_environment
from pairsmith.chat_templates.probes import MAX_CONSTANT_CHARS
from pairsmith.chat_templates.symbolic.conditions import (
    HOW,
    Conditions,
    Content,
    DependsOnContentError,
    Piece,
    Symbol,
)
from pairsmith.chat_templates.symbolic.formatting import format_braces, format_percent
from pairsmith.chat_templates.symbolic.parts import Length
from pairsmith.chat_templates.symbolic.text import Text, as_text, join

Shape: TypeAlias = dict[str, Any]
"""A conversation without its contents: `roles`, and `generation` as in `Conversation`."""

NAMED = re.compile(r"<[^<>]* at 0x[0-9a-f]+>|<class '")
"""What Python writes of a function, a generator or a class: it is never the same twice."""


Render: TypeAlias = Callable[[list[dict[str, Any]], bool], tuple[Sequence[Piece], str]]
"""From messages whose contents may be symbols, and whether a reply is to follow, to pieces; or to
why the template refuses them, which is else ''."""


def read_template(render: Render, shapes: Sequence[Shape]) -> dict[str, Any]:
    """Renders a template on symbols.

    Args:
        render: Renders it; see `make_render`.
        shapes: Conversations without contents.

    Returns:
        As JSON can hold it: `texts`, for each shape up to the first that is no text, its pieces:
        constant text, or a content's `[place, role, left, right]`; `fault`, why the next shape is
        none, or ''; `refused`, whether it is the template that refuses it; and the `Conditions`,
        in lists. Contents that do not meet these are not described.
    """
    conditions, fault, refused = Conditions(), "", False
    texts: list[list[Any]] = []
    for shape in shapes:
        tried = Conditions(
            set(conditions.absent), set(conditions.filled), set(conditions.bare),
            dict(conditions.shortest), dict(conditions.longest),
        )  # fmt: skip
        try:
            text, fault = render(_messages(shape, tried), shape["generation"])
            refused = bool(fault)
        except DependsOnContentError as error:
            fault = str(error)
        except Exception as error:  # whatever a template can make Python raise on a symbol
            fault = f"it cannot be read ({type(error).__name__})"
        if tried.faults:
            fault, refused = tried.faults[0], False
        if fault:
            break
        conditions = tried
        texts.append(list(text))
    return {
        "texts": texts,
        "fault": fault[:500],
        "refused": refused,
        "absent": sorted(conditions.absent),
        "filled": sorted(conditions.filled),
        "bare": sorted(conditions.bare),
        "shortest": conditions.shortest,
        "longest": conditions.longest,
    }


def _messages(shape: Shape, conditions: Conditions) -> list[dict[str, Any]]:
    return [
        {"role": role, "content": Text((Content(place, role),), conditions)}
        for place, role in enumerate(shape["roles"])
    ]


def make_render(source: str, variables: dict[str, Any]) -> Render:
    """Makes what renders messages whose contents may be symbols.

    Args:
        source: The template.
        variables: What it is given besides the messages.
    """
    environment = make_environment()
    escapes = environment.parse(source).find(nodes.EvalContextModifier)
    environment.concat = join  # type: ignore[method-assign, assignment]
    _wrap_items(environment)
    _wrap_filters(environment)
    _wrap_tests(environment)
    _wrap_formats(environment)
    module: dict[str, Any] = {"environment": environment, "__file__": "template"}
    exec(environment.compile(source), module)  # noqa: S102  (as Jinja itself does)
    module.update(str=as_text, str_join=lambda parts: join(map(as_text, parts)))
    template = environment.template_class.from_module_dict(environment, module, {})
    always = {"tools": None, "documents": None, **variables}

    def render(messages: list[dict[str, Any]], generation: bool) -> tuple[Sequence[Piece], str]:
        if escapes:
            raise DependsOnContentError(HOW["__html__"])
        given = {**always, "messages": messages, "add_generation_prompt": generation}
        context = template.new_context({**environment.globals, **given})
        try:
            text = join(template.root_render_func(context))
        except TemplateError as error:
            return (), _message(error)
        return _bounded_pieces(text), ""

    return render


def _message(error: TemplateError) -> str:
    """What a template says in refusing, without the contents that it quotes."""
    said = as_text("" if error.message is None else error.message)
    pieces = said._pieces if isinstance(said, Text) else (said,)
    told = "".join(piece if isinstance(piece, str) else "…" for piece in pieces)
    return told.strip() or type(error).__name__


def _bounded_pieces(text: str | Text) -> Sequence[Piece]:
    """The pieces of a text.

    Raises:
        DependsOnContentError: There is too much constant text, or some that no text can hold.
    """
    pieces = (text,) if isinstance(text, str) else text._pieces
    constant = [piece for piece in pieces if isinstance(piece, str)]
    if sum(map(len, constant)) > MAX_CONSTANT_CHARS:
        raise DependsOnContentError(
            f"it writes more than {MAX_CONSTANT_CHARS:,} characters around contents"
        )
    if any("\0" in piece or not _is_unicode(piece) for piece in constant):
        raise DependsOnContentError("it writes a NUL character, or half of a surrogate pair")
    if any(NAMED.search(piece) for piece in constant):
        raise DependsOnContentError("it writes the name of an object")
    return pieces


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _wrap_items(environment: ImmutableSandboxedEnvironment) -> None:
    """Refuses `things[content]`, which is an item, or an attribute of that name."""
    theirs = environment.getitem

    def getitem(obj: Any, argument: Any) -> Any:
        if isinstance(argument, Symbol):
            argument._fail(HOW["__hash__"])
        return theirs(obj, argument)

    environment.getitem = getitem  # type: ignore[method-assign]


def _wrap_filters(environment: ImmutableSandboxedEnvironment) -> None:
    """Puts filters that know symbols in the place of those that do not."""
    known: dict[str, Callable[..., Any]] = {
        "capitalize": Text.capitalize,
        "count": Length,
        "d": _default,
        "default": _default,
        "first": lambda value: value[0],
        "last": lambda value: value[-1],
        "length": Length,
        "lower": Text.lower,
        "replace": _replace,
        "string": as_text,
        "title": Text.title,
        "trim": lambda value, chars=None: value.strip(chars),
        "upper": Text.upper,
    }
    filters: dict[str, Any] = dict(environment.filters)
    for name, function in filters.items():
        environment.filters[name] = _knowing(function, known.get(name), f"the filter {name}")
    environment.filters["format"] = _format
    environment.filters["join"] = _make_join(environment)
    environment.filters["random"] = _draw


def _wrap_tests(environment: ImmutableSandboxedEnvironment) -> None:
    """Puts tests that know symbols in the place of those that do not."""
    known: dict[str, Callable[..., Any]] = {
        name: lambda _value: True for name in ("defined", "iterable", "sequence", "string")
    }
    for name in ("boolean", "callable", "escaped", "false", "float", "integer", "mapping", "none",
                 "number", "true", "undefined"):  # fmt: skip
        known[name] = lambda _value: False
    by_operator = {"==", "eq", "equalto", "!=", "ne", "in", ">", "gt", "greaterthan", "ge", ">=",
                   "<", "lt", "lessthan", "<=", "le"}  # fmt: skip
    tests: dict[str, Any] = dict(environment.tests)
    for name, function in tests.items():
        of_symbols = function if name in by_operator else known.get(name)
        environment.tests[name] = _knowing(function, of_symbols, f"the test {name}")


def _percent(_context: object, _operator: str, left: Any, right: Any) -> Any:
    """The operator `%`, which is formatting where a text stands to its left."""
    return format_percent(left, right)


def _format(form: Any, *args: Any, **named: Any) -> Any:
    """As the filter."""
    if args and named:
        return do_format(form, *args, **named)
    return format_percent(form, named or args)


def _wrap_formats(environment: ImmutableSandboxedEnvironment) -> None:
    """Has `'%s' % content` and `'{}'.format(content)` come here."""
    environment.intercepted_binops = frozenset("%")
    environment.call_binop = _percent  # type: ignore[method-assign, assignment]
    theirs = environment.wrap_str_format

    def wrap_str_format(value: Any) -> Callable[..., Any] | None:
        safe = theirs(value)
        if safe is None or value.__name__ != "format":
            return safe

        def wrapped(*args: Any, **named: Any) -> Any:
            if any(isinstance(one, Symbol) for one in (*args, *named.values())):
                return format_braces(value.__self__, *args, **named)
            return safe(*args, **named)

        return wrapped

    environment.wrap_str_format = wrap_str_format  # type: ignore[method-assign]


def _knowing(
    function: Callable[..., Any], of_symbols: Callable[..., Any] | None, name: str
) -> Callable[..., Any]:
    """A filter or test that uses another function where it is given a symbol.

    Args:
        function: What it is for anything else; what it wants besides its arguments stays so.
        of_symbols: What it is for a symbol; None where it takes none.
        name: What a user knows it by.
    """
    wants_more = hasattr(function, "jinja_pass_arg")  # the environment, first
    takes = object if of_symbols is _default else Text

    @wraps(function)
    def wrapped(*args: Any, **named: Any) -> Any:
        symbols = [arg for arg in (*args, *named.values()) if isinstance(arg, Symbol)]
        if not symbols:
            return function(*args, **named)
        if of_symbols is function:
            return function(*args, **named)
        given = args[wants_more:]
        if of_symbols is None or not isinstance(given[0], takes):
            symbols[0]._fail(f"it uses {name} on a content")
        return of_symbols(*given, **named)

    return wrapped


def _draw(*_: object) -> NoReturn:
    raise DependsOnContentError("it does not write the same twice")


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """As the filter; a symbol is defined, and true unless it is blank."""
    missing = isinstance(value, Undefined) or (boolean and not value)
    return default_value if missing else value


def _replace(value: Text, old: object, new: object, count: int | None = None) -> str | Text:
    """As the filter, which makes text of what it is given."""
    return value.replace(as_text(old), as_text(new), -1 if count is None else count)


def _make_join(environment: ImmutableSandboxedEnvironment) -> Callable[..., str | Text]:
    def join_filter(
        value: Iterable[Any], d: object = "", attribute: str | int | None = None
    ) -> Any:
        """As the filter."""
        parts = list(value)
        if attribute is not None:
            parts = list(map(make_attrgetter(environment, attribute), parts))
        between = as_text(d)
        joined = [piece for part in parts for piece in (between, as_text(part))]
        return join(joined[1:])

    return join_filter
