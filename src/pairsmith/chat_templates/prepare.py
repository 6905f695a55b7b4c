"""A template made ready: found, opened in a sandbox, compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from pairsmith.chat_templates.compile import compile_template
from pairsmith.chat_templates.probes import Jinja
from pairsmith.chat_templates.resolve import (
    LocatedTemplate,
    complete_template,
    locate_template,
)
from pairsmith.chat_templates.sandbox import Sandbox
from pairsmith.errors import RecipeError
from pairsmith.schema.templates import Compiled


class Prepared(NamedTuple):
    """A template that can be rendered.

    Attributes:
        compiled: As constant strings, as far as they describe it.
        jinja: Renders it row by row.
        by: Whose Jinja environment does: `transformers 5.23.0` or `jinja2`.
    """

    compiled: Compiled
    jinja: Jinja
    by: str


@contextmanager
def prepare(
    name: str, tokens: Mapping[str, str] | None = None, day: str | None = None
) -> Iterator[Prepared]:
    """Makes a template ready.

    Args:
        name: What the user calls it; see `locate_template`.
        tokens: Special tokens by name, in place of those found.
        day: The date, as `2026-01-31`, for a template that asks for it; None for today.

    Raises:
        RecipeError: There is no such template, or it cannot be used.
    """
    begun = _begun.pop(_key(name, tokens, day), None)
    sandbox, prepared = begun.result() if begun else _open(name, tokens, day)
    with sandbox:
        yield prepared


@contextmanager
def prepare_in_background(
    name: str, tokens: Mapping[str, str] | None, day: str | None
) -> Iterator[None]:
    """Prepares a template in another thread; a call of `prepare` with the same arguments gets it.

    Arguments as those of `prepare`, which also raises what is wrong.
    """
    key = _key(name, tokens, day)
    with ThreadPoolExecutor(1) as thread:
        _begun[key] = thread.submit(_open, name, tokens, day)
        try:
            yield
        finally:
            begun = _begun.pop(key, None)
    if begun and not begun.exception():
        begun.result()[0].close()


_begun: dict[tuple[str, str, str | None], Future[tuple[Sandbox, Prepared]]] = {}


def _key(
    name: str, tokens: Mapping[str, str] | None, day: str | None
) -> tuple[str, str, str | None]:
    return name, repr(sorted((tokens or {}).items())), day


@contextmanager
def prepare_located(located: LocatedTemplate, today: date) -> Iterator[Prepared]:
    """Opens a template in a sandbox and compiles it; faults as `prepare`.

    Args:
        located: The template.
        today: The date, for a template that asks for it.
    """
    with Sandbox(located.template, today) as sandbox:
        yield _compile(located, sandbox, today)


def _open(name: str, tokens: Mapping[str, str] | None, day: str | None) -> tuple[Sandbox, Prepared]:
    """A template's sandbox, which is the caller's to close, and the template."""
    today = _date(day)
    located = locate_template(name, tokens)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(located.template, today))
        prepared = _compile(located, sandbox, today)
        stack.pop_all()
    return sandbox, prepared


def _compile(located: LocatedTemplate, sandbox: Sandbox, today: date) -> Prepared:
    info = sandbox.inspect()
    template = complete_template(located, info, today)
    compiled = compile_template(template, sandbox)
    return Prepared(compiled, sandbox.render, info.by)


def _date(day: str | None) -> date:
    try:
        return date.fromisoformat(day) if day else date.today()
    except ValueError:
        raise RecipeError(f"{day!r} is not a date.", "Write --date 2026-01-31.") from None


def as_uncompiled(compiled: Compiled, why: str) -> Compiled:
    """The same template, to be rendered row by row."""
    faults = dict.fromkeys((False, True), why)
    return replace(compiled, layouts={}, triggers=(), faults=faults, dataset_segments={})


def remarks(compiled: Compiled) -> list[str]:
    """What a user should be told once of how a template was used."""
    name, sentences = compiled.template.name, []
    if False in compiled.faults:
        sentences.append(
            f"The template {name} is rendered row by row, which is slow: {compiled.faults[False]}."
        )
    if "…" in compiled.generation_suffix:
        sentences.append(
            f"The template {name} writes a prompt otherwise where a reply follows: prompts end "
            "where the two part."
        )
    elif compiled.generation_suffix:
        sentences.append(
            f"The template {name} ends a prompt in {compiled.generation_suffix!r}, with which "
            "finished replies do not begin: prompts end before it."
        )
    if compiled.template.date:
        sentences.append(f"The template {name} writes the date: {compiled.template.date} (--date).")
    return sentences
