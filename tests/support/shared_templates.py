"""Built-in templates are opened once in the tests' own process, not again for each build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

import pytest

from pairsmith.chat_templates import prepare
from pairsmith.chat_templates.builtin import FAMILIES
from pairsmith.chat_templates.resolve import locate_template


class _Shared(nullcontext):
    """Stands for a sandbox that others go on using: only who opened it closes it."""

    def close(self):
        pass


@contextmanager
def shared_templates() -> Iterator[None]:
    """Meanwhile `prepare` opens each built-in template once.

    Opening one takes a quarter of a second of computing, twice what else a small build takes. Those
    of a recipe or a tokenizer that are built-in by their text have a sandbox of their own, and are
    compiled once. All others are opened as ever: those with tokens or a date of their own, a
    stranger's, those that a process of its own opens, and all of them where a test has exchanged
    what compiles them.
    """
    opened, compiled = {}, {}
    really_compile = prepare._compile
    sources = {locate_template(name).template.source for name in FAMILIES}
    really_open, names = prepare._open, vars(prepare)
    compile_template = names["compile_template"]

    with ExitStack() as sandboxes, pytest.MonkeyPatch.context() as patch:

        def open_once(name, tokens, day):
            exchanged = names["compile_template"] is not compile_template
            if name not in FAMILIES or tokens or day or exchanged:
                return really_open(name, tokens, day)
            if name not in opened:
                sandbox, opened[name] = really_open(name, tokens, day)
                sandboxes.enter_context(sandbox)
            return _Shared(), opened[name]

        def compile_once(located, sandbox, today):
            exchanged = names["compile_template"] is not compile_template
            if located.template.source not in sources or exchanged:
                return really_compile(located, sandbox, today)
            key = located, today
            if key not in compiled:
                compiled[key] = really_compile(located, sandbox, today)
            return compiled[key]._replace(jinja=sandbox.render)

        patch.setattr(prepare, "_open", open_once)
        patch.setattr(prepare, "_compile", compile_once)
        yield
