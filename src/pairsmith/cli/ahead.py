"""A template made ready while the rest of the program loads, which takes as long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pairsmith.chat_templates.process import started_ahead


@contextmanager
def template_ahead(
    template: str | None, tokens: Mapping[str, str], date: str | None
) -> Iterator[None]:
    """Begins with a template, if there is one, as `pairsmith.chat_templates.prepare` takes it."""
    if template is None:
        yield
        return
    with started_ahead():
        from pairsmith.chat_templates.prepare import prepare_in_background

        with prepare_in_background(template, tokens, date):
            yield
