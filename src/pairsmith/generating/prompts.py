"""Prompts: of a build, whose splits they keep, or of a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.building.split import is_test
from pairsmith.chat_templates.prepare import prepare_located
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.dataset.manifest import LedgerEntry, Manifest, read_manifest
from pairsmith.dataset.rows import entries_of, kept_batches
from pairsmith.errors import OutputError, RecipeError, SourceError
from pairsmith.generating.options import GenerateOptions
from pairsmith.kernel.render import render_messages
from pairsmith.kernel.unrender import unrender
from pairsmith.models.generation.prompts import read_openings
from pairsmith.schema.messages import Message, read_stored
from pairsmith.schema.rows import MESSAGES, SOURCE_MESSAGES, Form, Kind
from pairsmith.schema.splits import TEST, TRAIN
from pairsmith.schema.templates import Template
from pairsmith.sources.layouts import DIRECT, kind_of
from pairsmith.text.messages import read_messages
from pairsmith.text.questions import opening_keys
from pairsmith.text.transcript import parse

MOST_BYTES = 256 << 20
"""Of a file of prompts."""

TRANSCRIPT = "\n\nHuman:"
BATCH_ROWS = 512

OPENINGS = "red-team-openings"
"""The subset of samples of prompts that open red-team dialogues."""

REPEATED, NOT_DRAWN, TOOLS, NO_QUESTION, UNKNOWN_TURNS = (
    "repeated", "not_drawn", "tools", "no_question", "unknown_turns",
)  # fmt: skip
"""Why a prompt is not asked: it stands there before, others were chosen, its messages hold more
than a role and a text, it does not end with the user's, or the turns of its text are not known."""


class Prompt(NamedTuple):
    """A prompt.

    Attributes:
        id: Of its row, or its number in a file, as `subset/split/number`.
        subset, split: Where it stands, and where its samples go.
        messages: The conversation; empty where its turns cannot be told.
        text: As a build of text has it; None from elsewhere.
        refused: Why it is not asked; None where it is.
    """

    id: str
    subset: str
    split: str
    messages: list[Message]
    text: str | None = None
    refused: str | None = None

    @property
    def key(self) -> str:
        """What tells it from other prompts."""
        held = json.dumps([self.messages, self.text], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(held.encode("utf-8", "surrogatepass")).hexdigest()


class Prompts(NamedTuple):
    """The prompts of a build or of a file.

    Attributes:
        all: In order, those of a split together; those not drawn are left out.
        not_drawn: By `subset/split`, how many were left out so.
        form: Of the build's rows; None for a file.
        template: Of the build's text; None for anything else.
    """

    all: list[Prompt]
    not_drawn: dict[str, int]
    form: Form | None
    template: Template | None


def read_prompts(source: Path, options: GenerateOptions) -> Prompts:
    """The prompts of a build's folder, or of a file.

    Args:
        source: Its path.
        options: Which of them are asked.

    Raises:
        RecipeError: An option does not fit, or there is no prompt.
        OutputError: There is no finished build, no such subset or split, or no pair.
        SourceError: The file cannot be read as prompts.
    """
    form, template = None, None
    if source.is_dir():
        if options.test is not None:
            raise RecipeError("--test divides a file of prompts.", "A build has its own splits.")
        built = read_manifest(source)
        form, template = built.recipe.form, built.recipe.template
        found: Iterator[Prompt] = _of_build(source, built, options)
    else:
        if options.subset is not None or options.split is not None:
            raise RecipeError("--subset and --split are of a build.", "A file has neither.")
        found = _of_file(source, options.test)
    chosen, not_drawn = list[Prompt](), dict[str, int]()
    for _, held in groupby(found, key=lambda prompt: (prompt.subset, prompt.split)):
        some = _mark(held)
        drawn = _draw(some, options)
        place = f"{some[0].subset}/{some[0].split}"
        not_drawn[place] = not_drawn.get(place, 0) + len(some) - len(drawn)
        chosen += drawn
    if not chosen:
        raise RecipeError(f"{source} holds no prompts.", "Name a build with pairs, or a file.")
    return Prompts(chosen, not_drawn, form, template)


def _mark(prompts: Iterable[Prompt]) -> list[Prompt]:
    """The prompts of a split, those refused that are not to be asked."""
    marked, seen = list[Prompt](), set[str]()
    for prompt in prompts:
        why = prompt.refused or _fault_of(prompt.messages)
        if why is None and prompt.key in seen:
            why = REPEATED
        seen.add(prompt.key)
        marked.append(prompt._replace(refused=why))
    return marked


def _fault_of(messages: list[Message]) -> str | None:
    if not messages:
        return UNKNOWN_TURNS
    if any(message.keys() != {"role", "content"} for message in messages):
        return TOOLS
    return None if messages[-1]["role"] == "user" else NO_QUESTION


def _draw(prompts: list[Prompt], options: GenerateOptions) -> list[Prompt]:
    """As many prompts as wanted of those that can be asked, in order; all others where all are."""
    if options.limit is None:
        return prompts
    able = [prompt for prompt in prompts if prompt.refused is None]
    ranked = sorted(able, key=lambda one: _rank(one, options.seed))[: options.limit]
    drawn = {prompt.id for prompt in ranked}
    return [prompt for prompt in prompts if prompt.id in drawn]


def _rank(prompt: Prompt, seed: int) -> str:
    return hashlib.sha256(f"{seed} {prompt.key}".encode()).hexdigest()


def _of_build(out: Path, built: Manifest, options: GenerateOptions) -> Iterator[Prompt]:
    asks_openings = options.subset is not None  # dialogues where they are named alone
    entries = [
        entry
        for entry in entries_of(built, options.subset)
        if asks_openings or kind_of(entry.subset) == Kind.PAIRS
    ]
    entries = [e for e in entries if options.split in (None, e.split)]
    if not entries:
        raise OutputError(
            f"{out} holds no pairs{f' of a split {options.split}' if options.split else ''}.",
            "Prompts are those of pairs; name dialogues with --subset to ask how they open.",
        )
    if all(kind_of(entry.subset) == Kind.DIALOGUES for entry in entries):
        yield from _openings(out, built, entries)
        return
    reads = _reading(built)
    for entry in entries:
        for stored in kept_batches(out, built, entry, BATCH_ROWS):
            for id, (messages, text) in zip(stored["id"].to_pylist(), reads(stored), strict=True):
                yield Prompt(id, entry.subset, entry.split, messages, text)


def _openings(out: Path, built: Manifest, entries: list[LedgerEntry]) -> Iterator[Prompt]:
    """The turns that open dialogues; their samples are pairs, and so of a subset of their own."""
    for entry in entries:
        for stored in kept_batches(out, built, entry, BATCH_ROWS):
            turns = read_openings(stored, built.recipe.form)
            for id, messages in zip(stored["id"].to_pylist(), turns, strict=True):
                yield Prompt(id, OPENINGS, entry.split, messages)


def _reading(built: Manifest) -> Any:
    """What makes messages of the prompts of stored rows, and their text in a build of text."""
    if built.recipe.form == Form.MESSAGES:
        return _read_rows
    if built.recipe.template is None:
        raise OutputError("The build is text of an unknown template.", "Build messages.")
    day = date.fromisoformat(built.recipe.template.date or "2000-01-01")
    with prepare_located(LocatedTemplate(built.recipe.template), day) as ready:
        compiled = ready.compiled

    def read_text(stored: pa.RecordBatch) -> list[tuple[list[Message], str]]:
        made = unrender(stored["prompt"], [stored["chosen"]], compiled, None)
        [turns] = made.sides
        told = render_messages(turns, np.zeros(len(stored), bool)).to_pylist()
        texts = stored["prompt"].to_pylist()
        return [
            (messages[:-1] if exact else [], text)
            for messages, text, exact in zip(told, texts, made.exact.tolist(), strict=True)
        ]

    return read_text


def _read_rows(stored: pa.RecordBatch) -> list[tuple[list[Message], None]]:
    names = [name for name in ("prompt", "tools") if name in stored.schema.names]
    found = list[tuple[list[Message], None]]()
    for row in stored.select(names).to_pylist():
        messages = [read_stored(message) for message in row["prompt"]]
        if row.get("tools") and messages:  # what is offered besides is no part of the messages
            messages[-1] = {**messages[-1], "tools": row["tools"]}
        found.append((messages, None))
    return found


def _of_file(path: Path, test: float | None) -> Iterator[Prompt]:
    """The prompts of a file: JSON lines, or a text a line; those of train first."""
    conversations = [*_conversations(path)]
    turns = read_messages(pa.array([_plain(held) for held in conversations], SOURCE_MESSAGES))
    keys = opening_keys(turns)
    held_out = [test is not None and key is not None and is_test(key, test) for key in keys]
    for split in (TRAIN, TEST):
        for number, messages in enumerate(conversations, 1):
            if held_out[number - 1] == (split == TEST):
                yield Prompt(f"{DIRECT}/{split}/{number}", DIRECT, split, messages)


def _plain(messages: list[Message]) -> list[dict[str, Any]]:
    return [{"role": m["role"], "content": m["content"], "extras": None} for m in messages]


def _conversations(path: Path) -> Iterator[list[Message]]:
    """The conversations of a file, one a line.

    Raises:
        SourceError: It cannot be read, is too large, or a line is no prompt.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise SourceError(f"{path} is larger than {MOST_BYTES >> 20} MiB.", "Divide it.")
        lines = data.decode("utf-8-sig").split("\n")
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror or error}.", "Name a build or a file."
        ) from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is no text of UTF-8: {error.reason}.") from None
    as_json = path.suffix.lower() in (".jsonl", ".ndjson", ".json")
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _parse(line, f"line {number} of {path.name}") if as_json else _asked(line.strip())


def _parse(line: str, name: str) -> list[Message]:
    hint = 'Write {"prompt": "…"}, or {"messages": [{"role": "user", "content": "…"}]}.'
    try:
        held = json.loads(line)
        line.encode()
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name} is no JSON: {error}.", hint) from None
    said = held if isinstance(held, str) else None
    if isinstance(held, dict):
        said = held.get("prompt", held.get("messages"))
    if isinstance(said, str) and said.strip():
        return _asked(said)
    if not isinstance(said, list) or not said or not all(map(_is_message, said)):
        raise SourceError(f"{name} holds no prompt.", hint)
    return [{key: message[key] for key in message} for message in said]


def _is_message(held: Any) -> bool:
    return isinstance(held, dict) and all(
        isinstance(held.get(name), str) and _is_unicode(held[name]) for name in ("role", "content")
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _asked(text: str) -> list[Message]:
    """A text as a conversation: a transcript, or the user's only message."""
    if not text.startswith(TRANSCRIPT) and not text.startswith(TRANSCRIPT.lstrip()):
        return [{"role": "user", "content": text}]
    turns = parse(pa.array(["\n\n" + text.lstrip("\n")]))
    messages: list[Message]
    [messages] = render_messages(turns, np.zeros(1, bool)).cast(MESSAGES).to_pylist()
    if messages and messages[-1]["role"] == "assistant" and not messages[-1]["content"].strip():
        messages.pop()
    return messages
