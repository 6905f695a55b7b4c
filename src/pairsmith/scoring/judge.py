"""A model made ready to score the rows of one build."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.dataset.manifest import Manifest, read_manifest
from pairsmith.dataset.rows import shard_rows
from pairsmith.errors import ModelError
from pairsmith.models.folders import find_model, record_name
from pairsmith.models.loading import Scorer, load_scorer
from pairsmith.models.run_folder import has_run, read_run
from pairsmith.schema.rows import MESSAGES, Form, Kind
from pairsmith.scoring.dialogues import EncodedDialogues, score_dialogues
from pairsmith.scoring.endpoint import open_reader
from pairsmith.scoring.options import ScoreOptions
from pairsmith.scoring.pairs import Scored, score_pairs
from pairsmith.scoring.pieces import Piece, Told
from pairsmith.scoring.reading import Limit, Reads
from pairsmith.tokens.dialogues import DialogueEncoder, open_dialogues
from pairsmith.tokens.encode import encode_texts
from pairsmith.tokens.preview import (
    BATCH_ROWS,
    MAX_MODEL_TOKENS,
    EncodedBatch,
    encode_rows,
    open_encoder,
    open_writer,
)

if TYPE_CHECKING:
    from pairsmith.kernel.render import Writer

ELO_FACTOR = 173.7
"""Elo points for a difference of scores of 1: 400 / ln 10, as arXiv:2204.05862 counts them."""

TASK = "task_description"


class Request(NamedTuple):
    """What is to be scored, and by what.

    Attributes:
        out: The folder of the build.
        name: The model, as it was named.
        options: How.
        device: The device that is meant, where one was chosen; else as the options say.
    """

    out: Path
    name: str
    options: ScoreOptions
    device: str = ""


class Judge:
    """A model, and what makes token ids of a build's rows.

    Args:
        built: The build's manifest.
        out: Its folder.
        scorer: The model.
        reader: What reads ids with it.
        options: How rows are scored.
        stack: What closes with it.
    """

    def __init__(
        self,
        built: Manifest,
        out: Path,
        scorer: Scorer,
        reader: Reads,
        options: ScoreOptions,
        stack: ExitStack,
    ) -> None:
        self.built, self.out, self.scorer, self.reader = built, out, scorer, reader
        self.dtype = str(scorer.model.dtype).removeprefix("torch.")
        self.limit = Limit(choose_length(scorer, options.max_length), options.cut)
        self._stack = stack
        self._chat: list[Writer | None] = []
        self._encoder = open_encoder(self.built, self.scorer.tokenizer)
        self._dialogues: DialogueEncoder | None = None

    def score(self, piece: Piece) -> tuple[Scored, Told]:
        """Scores a piece of the build.

        Raises:
            ModelError: A score is not a number, or the model cannot read a row.
            OutputError: The rows cannot be read.
        """
        before = self.reader.work
        rows = shard_rows(self.out, self.built, piece.path, piece.first, piece.rows, BATCH_ROWS)
        if piece.kind == Kind.PAIRS:
            scored = score_pairs(self._pairs(rows), self.reader, self.limit, self.dtype)
            held = [scored.rows["chosen_score"], scored.rows["rejected_score"]]
        else:
            scored = score_dialogues(self._turns(rows), self.reader, self.limit, self.dtype)
            held = [scored.rows["turn_scores"].flatten()]
        work = self.reader.work
        scores = np.concatenate([column.to_numpy(zero_copy_only=False) for column in held])
        return scored, Told(
            said=len(scored.rows),
            not_said={why: count for why, count in sorted(scored.not_said.items()) if count},
            tokens=work.tokens - before.tokens,
            places=work.places - before.places,
            fast=scored.proof.holds,
            difference=scored.proof.difference,
            sums=(float(scores.sum(dtype=np.float64)), len(scores)),
            scorer=self.describe(),
            remark=" ".join(filter(None, (self.scorer.remark, self.reader.remark))),
        )

    def describe(self) -> dict[str, Any]:
        """What decides scores, besides the build."""
        tokenizer: Any = self.scorer.tokenizer
        form, template = self.built.recipe.form, self.built.recipe.template
        source = (
            tokenizer.get_chat_template() if form == Form.MESSAGES else template and template.source
        )
        return {
            "model": {"name": record_name(self.scorer.name), "sha256": self.scorer.sha256},
            "tokenizer": _sha256(tokenizer.backend_tokenizer.to_str()),
            "form": form.value,
            "template": _sha256(source) if source else None,
            "dtype": self.dtype,
            "max_length": self.limit.tokens,
            "cut": self.limit.cut,
            "backend": self.reader.backend,
        }

    def _pairs(self, batches: Iterator[pa.RecordBatch]) -> Iterator[EncodedBatch]:
        if not self._chat:
            opened = open_writer(self.built, self.scorer.tokenizer, self.scorer.name)
            self._chat.append(self._stack.enter_context(opened))
        for stored in batches:
            yield encode_rows(stored, self._encoder, self._chat[0], parted=False)

    def _turns(self, batches: Iterator[pa.RecordBatch]) -> Iterator[EncodedDialogues]:
        if self._dialogues is None:
            opened = open_dialogues(self.built.recipe, self.scorer.tokenizer, self.scorer.name)
            self._dialogues = self._stack.enter_context(opened)
        for stored in batches:
            yield encode_dialogues(stored, self._dialogues)


def encode_dialogues(stored: pa.RecordBatch, encoder: DialogueEncoder) -> EncodedDialogues:
    """Rows of dialogues as token ids, with their tasks, each a user's only turn.

    Args:
        stored: The rows, as shards have them.
        encoder: What makes the ids.
    """
    turns = encoder.encode(stored)
    ids = stored["id"].take(pa.array(turns.rows, pa.int64())).to_pylist()
    said = stored[TASK].take(pa.array(turns.rows, pa.int64())).to_pylist()
    told = [row for row, text in enumerate(said) if text and text.strip()]
    asked = [[{"role": "user", "content": said[row]}] for row in told]
    texts, refused = encoder.write(pa.array(asked, MESSAGES))
    tasked = np.array([row for n, row in enumerate(told) if n not in refused], np.int64)
    tasks = encode_texts(texts.drop_null().to_pylist(), encoder.tokenizer, encoder.as_text)
    return EncodedDialogues(ids, turns, tasks, tasked)


def choose_length(scorer: Scorer, wanted: int | None) -> int:
    """The most tokens of a text: as wanted, as trained with, or as many as the model can take.

    Raises:
        ModelError: More are wanted than the model has positions.
    """
    config: Any = scorer.model.config.get_text_config()
    room = getattr(config, "max_position_embeddings", None) or MAX_MODEL_TOKENS
    if wanted is not None and wanted > room:
        raise ModelError(
            f"--max-length {wanted} is more than the {room} tokens that {scorer.name} can take.",
            f"Use {room} or less.",
        )
    return int(wanted or min(_trained_length(scorer.name) or room, room))


def _trained_length(name: str) -> int | None:
    """The most tokens that a run's model was trained with; None where nothing tells."""
    folder = find_model(name)
    length = read_run(folder).config.get("max_length") if has_run(folder) else None
    return length if isinstance(length, int) and length > 0 else None


@contextmanager
def open_judge(request: Request) -> Iterator[Judge]:
    """A model made ready.

    Raises:
        ModelError: It cannot be loaded, gives no scores, or does not fit.
        TokenizerError: Its tokenizer cannot do what the rows want.
        OutputError: There is no finished build.
    """
    options = request.options
    built = read_manifest(request.out)
    device = request.device or options.device
    scorer = load_scorer(request.name, built.recipe.form, device=device, dtype=options.dtype)
    with ExitStack() as stack:
        yield Judge(built, request.out, scorer, open_reader(scorer, options), options, stack)


_kept = ExitStack()
"""What this process keeps until it ends: a model takes long to load."""


@cache
def keep_judge(request: Request) -> Judge:
    """As `open_judge`, for as long as this process lives."""
    return _kept.enter_context(open_judge(request))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
