"""The findings of the audit beside a build, read again: which rows they name, and why."""

from __future__ import annotations

import json
import os
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pairsmith.auditing.record import COLUMNS
from pairsmith.dataset import manifest
from pairsmith.dataset.annotations import local_build
from pairsmith.dataset.card_audit import FINDINGS, FOLDER, NAME
from pairsmith.errors import OutputError, RecipeError
from pairsmith.io.durable import is_regular_file, sha256_of

BATCH = 4_096
"""Findings that are read together."""

MOST_SAID = 20
"""The most findings that are told of one row; a last sentence says how many more there are."""


class Findings(NamedTuple):
    """What a question of an audit found, as who names rows.

    Attributes:
        out: The folder of the build.
        question: The question's name.
        kind: Only findings of this kind; None for all.
    """

    out: Path
    question: str
    kind: str | None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The findings, in their order, in batches of `COLUMNS`.

        Raises:
            OutputError: They cannot be read.
        """
        path = self.out / FOLDER / FINDINGS
        try:
            with pq.ParquetFile(path) as file:
                if not file.schema_arrow.equals(COLUMNS):
                    raise _unreadable(path, self.out, "it has other columns")
                for batch in file.iter_batches(BATCH):
                    wanted = pc.equal(batch["question"], self.question)
                    if self.kind is not None:
                        wanted = pc.and_(wanted, pc.equal(batch["kind"], self.kind))
                    yield batch.filter(wanted)
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(path, self.out, error) from None

    def kinds(self) -> Counter[str]:
        """How many findings of each kind there are."""
        return Counter(kind for batch in self.batches() for kind in batch["kind"].to_pylist())

    def ids(self) -> Iterator[pa.StringArray]:
        """The ids of the rows that they name, in their order; one may come again."""
        for batch in self.batches():
            yield pc.drop_null(pc.list_flatten(batch["rows"]))

    def of(self, ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """What they say of some rows, by id: `label`, which is the kind, `score` and `detail`."""
        found: dict[str, list[dict[str, Any]]] = {id: [] for id in ids}
        more = Counter[str]()
        wanted = pa.array(sorted(found), pa.string())
        for batch in self.batches():
            places = pc.list_parent_indices(batch["rows"])
            mine = places.filter(pc.is_in(pc.list_flatten(batch["rows"]), wanted))
            for finding in batch.take(pc.unique(mine)).to_pylist():
                said = {"label": finding["kind"], "score": finding["score"]}
                said["detail"] = finding["sentence"]
                for id in dict.fromkeys(finding["rows"]):
                    if id in found and len(found[id]) < MOST_SAID:
                        found[id].append(said)
                    elif id in found:
                        more[id] += 1
        for id, count in more.items():
            detail = f"and {count:,} more finding{'' if count == 1 else 's'}"
            found[id].append({"label": None, "score": None, "detail": detail})
        return found


def read_findings(out: str | os.PathLike[str], asked: str) -> Findings:
    """Reads what a question of the audit beside a build found.

    Args:
        out: The folder of the build.
        asked: `QUESTION` or `QUESTION:KIND`, as `duplicates:flipped`.

    Raises:
        OutputError: There is no finished build, it was not audited, the audit is damaged or of
            another build, or the question was not answered.
        RecipeError: The audit was not asked such a question, or found nothing of the kind.
    """
    place = local_build(out)
    question, _, kind = asked.partition(":")
    answers = _answers(place)
    if question not in answers:
        raise RecipeError(
            f"The audit of {place} was not asked {question!r}.",
            f"It was asked: {', '.join(answers)}. To ask all questions: {_command(place)}",
        )
    answer = answers[question]
    if answer["unanswered"]:
        raise OutputError(f"The audit has no answer to {question}.", str(answer["unanswered"]))
    found = Findings(place, question, None)
    kinds = found.kinds()
    if ":" in asked and kind not in kinds:
        counts = ", ".join(f"{name} {count:,}" for name, count in kinds.most_common())
        hint = f"It found: {counts}." if counts else f"It found nothing. {answer['sentence']}"
        raise RecipeError(f"The audit's question {question} found no {kind!r}.", hint)
    return found._replace(kind=kind or None)


def _answers(out: Path) -> Mapping[str, Mapping[str, Any]]:
    """What the audit of a build holds of each question."""
    manifest.read_manifest(out)
    path = out / FOLDER / NAME
    again = f"Run {_command(out)}"
    if not is_regular_file(out / FOLDER, NAME):
        raise OutputError(f"{out} was not audited, so nothing was found.", again)
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        build, answers = held["manifest"], held["questions"]
        for answer in answers.values():
            _check_answer(answer)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(path, out, error) from None
    if build != sha256_of(out / manifest.NAME):
        raise OutputError(f"The audit in {out} is of another build than the one there.", again)
    return dict(answers)


def _check_answer(answer: Mapping[str, Any]) -> None:
    if not isinstance(answer["unanswered"], str) or not isinstance(answer["sentence"], str):
        raise TypeError("a field is of another type")


def _unreadable(path: Path, out: Path, error: Exception | str) -> OutputError:
    return OutputError(f"{path} cannot be read: {error}.", f"Run {_command(out)}")


def _command(out: Path) -> str:
    """What audits a build, as it can be typed."""
    return f"pairsmith audit {shlex.quote(str(out))}"
