"""Built-in templates are opened once in the tests' own process, not again for each build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

import pytest

from pairsmith.chat_templates import prepare
from pairsmith.chat_templates.builtin import FAMILIES


class _Shared(nullcontext):
    """Stands for a sandbox that others go on using: only who opened it closes it."""

    def close(self):
        pass


@contextmanager
def shared_templates() -> Iterator[None]:
    """Meanwhile `prepare` opens each built-in template once.

    Opening one takes a quarter of a second of computing, twice what else a small build takes. All
    others are opened as ever: those with tokens or a date of their own, a stranger's, those that
    a process of its own opens, and all of them where a test has exchanged what compiles them.
    """
    opened = {}
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

        patch.setattr(prepare, "_open", open_once)
        yield
