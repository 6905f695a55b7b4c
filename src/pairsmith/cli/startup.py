"""How a process that is ours alone starts and ends: spared what it has no use for."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import ModuleType

GARBAGE = 50_000
"""New objects after which Python looks for cycles of garbage; its own threshold is 700."""


def tune_process() -> None:
    """Spares it the search for garbage while it loads, and threads for linear algebra.

    To be called before numpy is loaded.
    """
    gc.set_threshold(GARBAGE)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def leave() -> None:
    """Spares it a last search for garbage on its way out: the system takes back what there is.

    Not with DuckDB: its bindings look whether anything of theirs is left, and complain on stderr.
    """
    if "duckdb" not in sys.modules:
        gc.freeze()


def leave_within(seconds: float) -> None:
    """Has it end by then at the latest, whatever its threads still do."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


def leave_out_pandas() -> None:
    """Spares it pandas, which pyarrow imports with its first array, where it is installed."""
    sys.meta_path.insert(0, _WithoutPandas())


@contextmanager
def template_ahead(
    template: str | None, tokens: Mapping[str, str] | None, date: str | None
) -> Iterator[None]:
    """Makes a template ready while the rest of the program loads, which takes as long.

    Arguments as those of `pairsmith.chat_templates.prepare.prepare`; without a template, nothing
    is done.
    """
    if template is None:
        yield
        return
    from pairsmith.chat_templates.process import started_ahead

    with started_ahead():
        from pairsmith.chat_templates.prepare import prepare_in_background

        with prepare_in_background(template, tokens, date):
            yield


class _WithoutPandas(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """Raises an error for pandas; else says nothing, so that the next finder is asked."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not needed here", name=name)
