"""The process that renders a chat template: untrusted code, within bounds.

Run as `python -m pairsmith.chat_templates.worker` by `sandbox`; one JSON value a line. In comes
first the template, then lists of conversations, or under `shapes` conversations without contents
to read the template by; out goes one answer a line. Templates run in a
sandboxed environment, in a process of their own that is bounded in memory and computing time,
writes no file, and answers in JSON, which nothing can be executed from.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any, TypeAlias

MEMORY = 1 << 30
"""At most this many bytes may rendering take, besides those of the process before it."""

MAX_TEXT_CHARS = 256 << 20
"""At most this many characters may one text have."""

SECONDS = 10
"""Computing time for one request, where the setup names no other."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a pair, which no text in UTF-8 holds."""

PACKAGE = "transformers"
RENDERER = f"{PACKAGE}.utils.chat_template_utils"

Render: TypeAlias = Callable[[dict[str, Any]], str]


def main() -> None:
    """Answers requests until there are no more."""
    lines = iter(sys.stdin.buffer.readline, b"")
    setup = json.loads(next(lines))
    render, by = _renderer(setup)
    render = _with_reasoning(render, setup["source"])
    seconds = int(setup.get("seconds", SECONDS))
    _bound_memory()
    _bound_time(seconds)
    _answer(_inspect(setup["source"], by))
    read = _reader(setup["source"], _variables(setup))
    for line in lines:
        _bound_time(seconds)
        request = json.loads(line)
        if isinstance(request, dict):
            _answer(read(request["shapes"]))
        else:
            _answer([_outcome(render, one) for one in request])


def _reader(source: str, variables: dict[str, Any]) -> Callable[[list[Any]], dict[str, Any]]:
    """What the template does to contents of conversations of these shapes."""

    @cache
    def render() -> Any:  # once it is wanted, within bounds
        from pairsmith.chat_templates.symbolic.reading import make_render

        return make_render(source, variables)

    def read(shapes: list[Any]) -> dict[str, Any]:
        from pairsmith.chat_templates.symbolic.reading import read_template

        return read_template(render(), shapes)

    return read


def _variables(setup: dict[str, Any]) -> dict[str, Any]:
    """What a template is given besides the messages."""
    now = datetime.fromisoformat(setup["now"])
    return {**setup["tokens"], "strftime_now": now.strftime}


def _answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _renderer(setup: dict[str, Any]) -> tuple[Render, str]:
    """How to render a request, and by whose environment: for a built-in template, our own."""
    now = datetime.fromisoformat(setup["now"])
    theirs = None if setup.get("built_in") else _theirs()
    if theirs is None:
        return _own_renderer(setup["source"], _variables(setup)), "jinja2"

    from importlib.metadata import version  # a quarter of what this process takes to start

    theirs.datetime = SimpleNamespace(now=lambda: now)  # the recipe's day, for strftime_now

    def render(request: dict[str, Any]) -> str:
        texts, _ = theirs.render_jinja_template(
            [request["messages"]],
            chat_template=setup["source"],
            tools=request.get("tools"),
            add_generation_prompt=request["generation"],
            **setup["tokens"],
        )
        return str(texts[0])

    return render, f"transformers {version('transformers')}"


def _theirs() -> Any:
    """The module of `transformers` that renders; None where it is not installed."""
    with contextlib.redirect_stdout(sys.stderr):
        loaded = set(sys.modules)
        try:
            return _theirs_alone()
        except Exception:  # whatever a version that needs its packages raises
            for name in set(sys.modules) - loaded:
                if name.partition(".")[0] == PACKAGE:
                    del sys.modules[name]
        try:
            return import_module(RENDERER)
        except ImportError:
            return None


def _theirs_alone() -> Any:
    """The same without what `transformers` and `transformers.utils` load besides.

    These look through some hundred model folders and load the hub's client, 0.6 of 0.7 seconds.
    In their place stand packages that hold nothing but the folder, so that the module itself is
    found there; it must then be able to render.
    """
    [package] = find_spec(PACKAGE).submodule_search_locations  # type: ignore[union-attr, misc]
    for name in (PACKAGE, f"{PACKAGE}.utils"):
        bare = ModuleType(name)
        bare.__path__ = [package + name.removeprefix(PACKAGE).replace(".", "/")]
        sys.modules[name] = bare
    theirs = import_module(RENDERER)
    theirs.render_jinja_template([[]], chat_template="{{ messages }}", add_generation_prompt=True)
    return theirs


def _own_renderer(source: str, variables: dict[str, Any]) -> Render:
    templates: list[Any] = []  # the template, once it has been compiled, within bounds

    def render(request: dict[str, Any]) -> str:
        from pairsmith.chat_templates.environment import make_environment

        if not templates:
            templates.append(make_environment().from_string(source))
        return str(
            templates[0].render(
                messages=request["messages"],
                add_generation_prompt=request["generation"],
                tools=request.get("tools"),
                documents=None,
                **variables,
            )
        )

    return render


def _with_reasoning(render: Render, source: str) -> Render:
    """The same renderer, which gives reasoning the name that the template reads it by."""

    @cache
    def find_names() -> frozenset[str]:
        from pairsmith.chat_templates.environment import make_environment
        from pairsmith.chat_templates.wants import find_reasoning_names

        return find_reasoning_names(make_environment().parse(source))

    def render_named(request: dict[str, Any]) -> str:
        messages = [
            {**message, **dict.fromkeys(find_names(), message["reasoning_content"])}
            if message.get("reasoning_content")
            else message
            for message in request["messages"]
        ]
        return render({**request, "messages": messages})

    return render_named


def _inspect(source: str, by: str) -> dict[str, Any]:
    """The fields of `TemplateInfo`, or under `fault` why the source cannot be parsed."""
    from jinja2 import TemplateSyntaxError, meta, nodes

    from pairsmith.chat_templates.environment import make_environment
    from pairsmith.chat_templates.wants import find_sought

    try:
        tree = make_environment().parse(source)
        variables = sorted(meta.find_undeclared_variables(tree))
        names = {node.name for node in tree.find_all(nodes.Name)}
        filters: set[Any] = {node.name for node in tree.find_all(nodes.Filter)}
        filters |= {
            arg.value
            for node in tree.find_all(nodes.Filter)
            for arg in node.args[: node.name == "map"]  # it names another filter
            if isinstance(arg, nodes.Const)
        }
        texts = {node.data for node in tree.find_all(nodes.TemplateData)}
        texts |= {node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)}
    except TemplateSyntaxError as error:
        return {"fault": f"{error.message} (line {error.lineno})"}
    except (RecursionError, MemoryError, ValueError) as error:
        return {"fault": f"it cannot be parsed ({type(error).__name__})"}
    return {
        "by": by,
        "sought": sorted(find_sought(tree)),
        "variables": variables,
        "texts": sorted(text for text in texts if not SURROGATE.search(text)),
        "dated": "strftime_now" in names,
        "chance": sorted((names & {"lipsum"}) | (filters & {"random"})),
    }


def _outcome(render: Render, request: dict[str, Any]) -> list[str]:
    """`["text", …]`, or `["error", …]` with a message, or `["memory", …]` beyond the bound."""
    try:
        text = render(request)
        if len(text) > MAX_TEXT_CHARS:
            return ["memory", ""]
        text.encode()
    except MemoryError:
        return ["memory", ""]
    except UnicodeEncodeError:
        return ["error", "the text holds half of a surrogate pair"]
    except Exception as error:  # whatever a template can make Jinja or Python raise
        return ["error", (str(error).strip() or type(error).__name__)[:500]]
    if "\0" in text:
        return ["error", "the text holds a NUL character"]
    return ["text", text]


def _bound_memory() -> None:
    """Limits the process's memory, where the system tells how much it holds (Linux)."""
    try:
        import resource

        with open("/proc/self/status") as status:  # noqa: PTH123
            held = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData"))
    except (ImportError, OSError, StopIteration):
        return
    resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY, held + MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _bound_time(seconds: int) -> None:
    """Limits the computing time from here on, where the system can (not Windows)."""
    try:
        import resource
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
