"""The prompts of a build as a policy gets them: token ids in a file, and an account of every row.

Of a pair that is its prompt, of a dialogue the turn of the user's that opens it. The ids are those
that previews show, and that TRL makes of the same prompts. Each different prompt is taken once.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from pairsmith.chat_templates.prepare import prepare_located
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.rows import entries_of, kept_batches
from pairsmith.io.remote import StoragePath
from pairsmith.kernel.render import Writer
from pairsmith.models.generation.prompts import read_openings, write_text_prompts
from pairsmith.schema.messages import encode_json, read_stored
from pairsmith.schema.rows import Form, Kind
from pairsmith.schema.splits import is_held_out
from pairsmith.schema.templates import Conversation, Refusal
from pairsmith.sources.layouts import kind_of
from pairsmith.tokens.preview import BATCH_ROWS, encode_rows, open_writer
from pairsmith.tokens.ragged import Ragged
from pairsmith.tokens.texts import TextEncoder
from pairsmith.tokens.tokenizer import added_around
from pairsmith.training.judges import Asked
from pairsmith.training.ledger import Fate, account
from pairsmith.training.rows import Encoding

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SAMPLE = 64
"""At most this many rows of pairs are taken for proof, and this many prompts for evaluation."""

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("row", pa.int64()),
        ("prompt", pa.string()),
        ("messages", pa.string()),
        ("tools", pa.string()),
        ("ids", pa.list_(pa.int32())),
    ]
)
"""What the file holds: `prompt` is the text that was tokenized; `messages` and `tools` are JSON,
null in a build of text."""


class Prompt(NamedTuple):
    """A prompt of a row: fields as of `SCHEMA`, and a hash that tells it from others."""

    id: str
    text: str
    messages: str | None
    tools: str | None
    ids: list[int]
    key: bytes

    def to_asked(self) -> Asked:
        """As rewards read it."""
        return read_asked(self._asdict() | {"prompt": self.text})


def read_asked(row: dict[str, Any]) -> Asked:
    """A row of the file, as rewards read it."""
    said = json.loads(row["messages"]) if row["messages"] else row["prompt"]
    tools = json.loads(row["tools"]) if row["tools"] else None
    return Asked(row["id"], said, tools, row["ids"])


@dataclass
class PromptRows(Encoding):
    """What came of the rows; `longest` is of prompts.

    Attributes:
        pairs: Rows of pairs, each as a batch of one, for proof.
        prompts: The first prompts that are trained on, for proof.
        held_out: Prompts of rows that are held out and ask what no row that is trained on asks.
    """

    pairs: list[pa.RecordBatch] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    held_out: list[Prompt] = field(default_factory=list)


class PromptReader:
    """Reads prompts of a build's rows.

    Args:
        built: The build's manifest.
        tokenizer: The policy's.
        chat: What writes messages; None for text.
        writer: What writes dialogues of text; None where there are none.
    """

    def __init__(
        self,
        built: Manifest,
        tokenizer: PreTrainedTokenizerBase,
        chat: Writer | None,
        writer: Writer | None,
    ) -> None:
        self.form, self.chat, self.writer = built.recipe.form, chat, writer
        self.encoder = TextEncoder(tokenizer, special=chat is None)
        self.behind = added_around(tokenizer)[1] if chat is None else 0

    def read(self, stored: pa.RecordBatch, kind: Kind) -> tuple[list[Prompt], dict[int, str]]:
        """The prompts of rows, and by the number of a row without one why.

        Args:
            stored: The rows, as shards have them.
            kind: Of their subset.
        """
        if kind == Kind.DIALOGUES:
            return self._openings(stored)
        made = encode_rows(stored, self.encoder, self.chat, parted=True)
        rows = stored.take(pa.array(made.texts.rows, pa.int64()))
        ids = made.encoded.prompt._replace(ends=made.encoded.left_out.ends)
        plain: list[tuple[str | None, str | None]] = [(None, None)] * len(rows)
        if self.chat is not None:
            tools = (
                rows["tools"].to_pylist() if "tools" in rows.schema.names else [None] * len(rows)
            )
            said = [
                encode_json([read_stored(one) for one in held])
                for held in rows["prompt"].to_pylist()
            ]
            plain = list(zip(said, tools, strict=True))
        made_of = zip(rows["id"].to_pylist(), made.texts.prompt.to_pylist(), plain, strict=True)
        return list(self._prompts(made_of, ids)), made.texts.refused

    def _prompts(
        self, told: Iterable[tuple[str, str, tuple[str | None, str | None]]], ids: Ragged
    ) -> Iterator[Prompt]:
        for place, (id, text, (messages, tools)) in enumerate(told):
            held = ids.row(place)
            held = held[: len(held) - self.behind]  # what a tokenizer puts behind texts ends them
            key = hashlib.sha256(text.encode()).digest()
            yield Prompt(id, text, messages, tools, held, key)

    def _openings(self, stored: pa.RecordBatch) -> tuple[list[Prompt], dict[int, str]]:
        """The turns that open dialogues, as prompts."""
        refused = dict[int, str]()
        asked: list[tuple[int, list[dict[str, Any]]]] = []
        for number, turns in enumerate(read_openings(stored, self.form)):
            if turns and turns[0]["role"] == "user":
                asked.append((number, turns))
            else:
                refused[number] = "The dialogue does not open with a turn of the user's."
        texts = self._write([turns for _, turns in asked])
        kept: list[tuple[str, str, tuple[str | None, str | None]]] = []
        ids = stored["id"].to_pylist()
        for (number, turns), text in zip(asked, texts, strict=True):
            if isinstance(text, Refusal):
                refused[number] = text.message
            else:
                said = encode_json(turns) if self.form == Form.MESSAGES else None
                kept.append((ids[number], text, (said, None)))
        encoded = self.encoder.encode(pa.array([text for _, text, _ in kept], pa.string()))
        return list(self._prompts(kept, encoded)), refused

    def _write(self, asked: list[list[dict[str, Any]]]) -> list[str | Refusal]:
        """Single turns as the texts of prompts."""
        if self.chat is not None:
            return list(self.chat.jinja([Conversation(turns, True) for turns in asked]))
        if self.writer is None or not asked:
            return [Refusal("No template is known.") for _ in asked]
        return write_text_prompts(asked, self.writer)


@contextmanager
def open_prompts(
    built: Manifest, tokenizer: PreTrainedTokenizerBase, name: str
) -> Iterator[PromptReader]:
    """What reads the prompts of a build for a policy.

    Raises:
        TokenizerError: Its chat template cannot be used.
    """
    recipe = built.recipe
    dialogues = any(kind_of(entry.subset) == Kind.DIALOGUES for entry in built.ledger)
    with ExitStack() as stack:
        chat = stack.enter_context(open_writer(built, tokenizer, name))
        writer = None
        if chat is None and recipe.template is not None and dialogues:
            day = date.fromisoformat(recipe.template.date or "2000-01-01")
            located = LocatedTemplate(recipe.template)
            ready = stack.enter_context(prepare_located(located, day))
            writer = Writer(ready.compiled, ready.jinja)
        yield PromptReader(built, tokenizer, chat, writer)


class PromptWriter:
    """Writes the file of prompts, split by split.

    Args:
        path: The file.
        reader: What reads prompts.
        subsets: Of these subsets alone; empty for all.
        longest: The most tokens of a prompt.
    """

    def __init__(
        self, path: Path, reader: PromptReader, subsets: frozenset[str], longest: int
    ) -> None:
        self.path, self.reader, self.subsets, self.longest = path, reader, subsets, longest
        self.found = PromptRows()
        self.keys: set[bytes] = set()
        self.taken = 0

    def write(
        self, out: StoragePath, built: Manifest, watch: Callable[[str, int], None] | None = None
    ) -> PromptRows:
        """Reads all rows and writes the prompts.

        Args:
            out: The folder of the build.
            built: Its manifest.
            watch: Called with a split's name and the rows read so far.

        Raises:
            OutputError: A shard cannot be read, or the file not be written.
        """
        entries, done = entries_of(built), 0
        with pa.OSFile(str(self.path), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as file:
            for entry in entries:
                fate = self._fate(entry)
                if fate is not None:
                    whole = Counter({fate: entry.kept})
                    self._count(entry, whole, 0)
                    continue
                fates, trained = Counter[Fate](), 0
                for stored in kept_batches(out, built, entry, BATCH_ROWS):
                    taken = self._take(stored, kind_of(entry.subset), fates)
                    file.write_batch(_columns(taken, self.taken))
                    self.taken += len(taken)
                    trained, done = trained + len(taken), done + len(stored)
                    if watch is not None:
                        watch(f"{entry.subset}/{entry.split}", done)
                self._count(entry, fates, trained)
        self._hold_out(out, built, [one for one in entries if self._fate(one) == Fate.HELD_OUT])
        return self.found

    def _fate(self, entry: LedgerEntry) -> Fate | None:
        if self.subsets and entry.subset not in self.subsets:
            return Fate.LEFT_OUT
        return Fate.HELD_OUT if is_held_out(entry.split) else None

    def _count(self, entry: LedgerEntry, fates: Counter[Fate], trained: int) -> None:
        made = account(entry.subset, entry.split, entry.kept, fates, trained)
        self.found.accounts.append(made)

    def _take(self, stored: pa.RecordBatch, kind: Kind, fates: Counter[Fate]) -> list[Prompt]:
        """The prompts of a batch that are trained on; the others are counted."""
        prompts, refused = self.reader.read(stored, kind)
        fates[Fate.REFUSED] += len(refused)
        for number, why in refused.items():
            if self.found.refusal is None:
                self.found.refusal = stored["id"][number].as_py(), why
        if kind == Kind.PAIRS and len(self.found.pairs) < SAMPLE:
            room = SAMPLE - len(self.found.pairs)
            rows = (row for row in range(len(stored)) if row not in refused)
            some = (stored.slice(row, 1) for row, _ in zip(rows, range(room), strict=False))
            self.found.pairs += list(some)
        taken = []
        for prompt in prompts:
            self.found.longest = max(self.found.longest, len(prompt.ids))
            if prompt.key in self.keys:
                fates[Fate.DUPLICATE] += 1
            elif len(prompt.ids) > self.longest:
                fates[Fate.TOO_LONG] += 1
            else:
                self.keys.add(prompt.key)
                taken.append(prompt)
        self.found.prompts += taken[: max(0, SAMPLE - len(self.found.prompts))]
        return taken

    def _hold_out(self, out: StoragePath, built: Manifest, entries: list[LedgerEntry]) -> None:
        """Takes some of the prompts that are held out: those of the lowest hashes."""
        found: dict[bytes, Prompt] = {}
        for entry in entries:
            for stored in kept_batches(out, built, entry, BATCH_ROWS):
                for prompt in self.reader.read(stored, kind_of(entry.subset))[0]:
                    if prompt.key not in self.keys and len(prompt.ids) <= self.longest:
                        found.setdefault(prompt.key, prompt)
                lowest = sorted(found)[:SAMPLE]
                found = {key: found[key] for key in lowest}
        self.found.held_out = [found[key] for key in sorted(found)]


def _columns(prompts: Sequence[Prompt], first: int = 0) -> pa.RecordBatch:
    """Prompts as rows of the file, numbered from the first."""
    columns = [
        [one.id for one in prompts],
        list(range(first, first + len(prompts))),
        [one.text for one in prompts],
        [one.messages for one in prompts],
        [one.tools for one in prompts],
        [one.ids for one in prompts],
    ]
    arrays = [pa.array(held, kind.type) for held, kind in zip(columns, SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=SCHEMA)


def write_prompts(path: Path, prompts: Sequence[Prompt]) -> None:
    """Writes prompts to a file of their own."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as file:
        file.write_batch(_columns(prompts))


def read_prompts(path: Path) -> list[Asked]:
    """The prompts of a file that `write_prompts` wrote."""
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as file:
        return [read_asked(row) for row in file.read_all().to_pylist()]
