"""Reads a template: renders it on symbols, which shows what it does to any contents.

The template is compiled by Jinja as always; its code then runs with symbols for contents. What it
decides by roles, places and the number of messages, it decides as always; what it does to contents,
the symbols follow. Nothing of Jinja sees a symbol but for the operations of the language, the
filters and the tests, and all of these are here: those that are not listed do not take one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeAlias

from jinja2 import TemplateError
from jinja2.filters import do_format, make_attrgetter
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pairsmith.chat_templates.environment import make_environment
from pairsmith.chat_templates.symbolic.conditions import (
    Conditions,
    Content,
    DependsOnContentError,
    Symbol,
)
from pairsmith.chat_templates.symbolic.formatting import format_braces, format_percent
from pairsmith.chat_templates.symbolic.parts import Length
from pairsmith.chat_templates.symbolic.text import Text, as_text, join

Shape: TypeAlias = dict[str, Any]
"""A conversation without its contents: `roles`, and `generation` as in `Conversation`."""


def read_template(
    source: str, variables: dict[str, Any], shapes: Sequence[Shape]
) -> dict[str, Any]:
    """Renders a template on symbols.

    Args:
        source: The template.
        variables: What it is given besides the messages.
        shapes: Conversations without contents.

    Returns:
        As JSON can hold it: `texts`, for each shape up to the first that is no text, its pieces:
        constant text, or a content's `[place, role, left, right]`; `fault`, why the next shape is
        none, or ''; `refused`, whether it is the template that refuses it; and the `Conditions`,
        in lists. Contents that do not meet these are not described.
    """
    render = _renderer(source, variables)
    conditions = Conditions()
    texts: list[list[Any]] = []
    fault, refused = "", False
    for shape in shapes:
        tried = Conditions(
            set(conditions.absent), set(conditions.filled), set(conditions.bare),
            dict(conditions.shortest), dict(conditions.longest),
        )  # fmt: skip
        try:
            text = render(_messages(shape, tried), shape["generation"])
        except TemplateError as error:
            fault, refused = str(error).strip() or type(error).__name__, True
        except DependsOnContentError as error:
            fault = str(error)
        except Exception as error:  # whatever a template can make Python raise on a symbol
            fault = f"it cannot be read ({type(error).__name__})"
        if tried.faults:
            fault, refused = tried.faults[0], False
        if fault:
            break
        conditions = tried
        texts.append([text] if isinstance(text, str) else list(text._pieces))
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


def _renderer(
    source: str, variables: dict[str, Any]
) -> Callable[[list[dict[str, Any]], bool], str | Text]:
    """Renders messages whose contents may be symbols."""
    environment = make_environment()
    environment.concat = join  # type: ignore[method-assign, assignment]
    _wrap_filters(environment)
    _wrap_tests(environment)
    _wrap_formats(environment)
    module: dict[str, Any] = {"environment": environment, "__file__": "template"}
    exec(environment.compile(source), module)  # noqa: S102  (as Jinja itself does)
    module.update(str=as_text, str_join=lambda parts: join(map(as_text, parts)))
    template = environment.template_class.from_module_dict(environment, module, {})
    always = {"tools": None, "documents": None, **variables}

    def render(messages: list[dict[str, Any]], generation: bool) -> str | Text:
        given = {**always, "messages": messages, "add_generation_prompt": generation}
        context = template.new_context({**environment.globals, **given})
        return join(template.root_render_func(context))

    return render


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


def _default(value: Any, default: Any = "", boolean: bool = False) -> Any:
    """As the filter; a symbol is defined, and true unless it is blank."""
    from jinja2 import Undefined

    return default if isinstance(value, Undefined) or (boolean and not value) else value


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
