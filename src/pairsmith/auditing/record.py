"""An audit as a whole, and its files: the report, the findings, and the numbers, put last."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pairsmith.auditing.answer import FINDINGS, Answer
from pairsmith.auditing.verdict import OUT, Unseen, Verdict, judge
from pairsmith.dataset.annotation import NAME as MANIFEST
from pairsmith.dataset.annotations import annotation_folder
from pairsmith.dataset.card_audit import FINDINGS as TABLE
from pairsmith.dataset.card_audit import FOLDER, NAME, REPORT
from pairsmith.dataset.report_files import read_former, replacing
from pairsmith.io.durable import finalize, partial_path, write_text_durably

COLUMNS = pa.schema([pa.field("question", pa.string()), *FINDINGS])
"""Of `findings.parquet`: those of `FINDINGS` behind the name of the question."""


@dataclass(frozen=True)
class Audit:
    """The answers to all questions that were put to a build.

    Attributes:
        pairsmith: The version that asked.
        manifest: The sha256 of the build's `manifest.json`, which tells the build.
        kept, quarantined: Its rows of pairs.
        unread: Kept rows whose text could not be taken apart into turns.
        answers: In the order in which they were asked.
        folder: Where the files of the audit lie. Not written.
        dialogues: Red-team dialogues, to which no question is put.
        former: Questions of an earlier audit of the same build that were not put this time. Not
            written.
        is_written: Whether the files are this audit's. They stay an earlier one's where that says
            all that this one does, and more. Not written.
    """

    pairsmith: str
    manifest: str
    kept: int
    quarantined: int
    unread: int
    answers: tuple[Answer, ...]
    folder: Path
    dialogues: int = 0
    former: tuple[str, ...] = ()
    is_written: bool = True

    @property
    def verdict(self) -> Verdict:
        """What the answers come to, the worst first, and what was not looked at."""
        return judge(self.answers, self.kept, self._unseen())

    def _unseen(self) -> list[Unseen]:
        if not self.dialogues:
            return []
        why = f"No question of an audit is put to the {self.dialogues:,} that there are."
        return [Unseen("", "Red-team dialogues", why, f"pairsmith explore {OUT}")]

    def to_dict(self) -> dict[str, Any]:
        """As `audit.json` holds it: equal builds and questions give equal bytes."""
        return {
            "pairsmith": self.pairsmith,
            "manifest": self.manifest,
            "rows": {"kept": self.kept, "quarantined": self.quarantined, "unread": self.unread},
            "verdict": self.verdict.to_dict(),
            "questions": {answer.question: _held(answer) for answer in self.answers},
        }

    def to_json(self) -> str:
        """The text of `audit.json`."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _held(answer: Answer) -> dict[str, Any]:
    return {
        "title": answer.title,
        "sentence": answer.sentence,
        "unanswered": answer.unanswered,
        "findings": answer.findings.num_rows,
        "cure": answer.cure,
        "claims": [{**claim._asdict(), "level": claim.level.value} for claim in answer.claims],
        "numbers": answer.numbers,
    }


def gather(answers: Iterable[Answer]) -> pa.Table:
    """All findings in one table of `COLUMNS`."""
    tables = [
        answer.findings.add_column(
            0, "question", pa.repeat(answer.question, answer.findings.num_rows)
        )
        for answer in answers
    ]
    return pa.concat_tables([COLUMNS.empty_table(), *tables])


def write(audit: Audit, report: str) -> None:
    """Writes the files of an audit in place of an earlier one's; `audit.json` comes last.

    Raises:
        OutputError: The folder cannot be written.
    """
    with replacing(audit.folder, (REPORT, TABLE, NAME)):
        write_text_durably(audit.folder / REPORT, report)
        _put_table(audit.folder / TABLE, gather(audit.answers))
        write_text_durably(audit.folder / NAME, audit.to_json())


def beside_former(audit: Audit) -> Audit:
    """An audit, with what its folder holds of an earlier one of the same build.

    A look at one question would otherwise cost the answers to all others. Where an answer differs,
    as with a tokenizer that was not named before, the files have to be written all the same.
    """
    asked = audit.to_dict()["questions"]
    former = read_former(audit.folder / NAME, audit.manifest).get("questions", {})
    others = tuple(name for name in former if name not in asked)
    named = annotation_folder(audit.folder.parent, FOLDER) / MANIFEST
    files = [named, *(audit.folder / name for name in (REPORT, TABLE))]
    held = json.loads(json.dumps(asked))  # as it is read: tuples are lists there
    says_more = bool(others) and all(former.get(name) == answer for name, answer in held.items())
    stays = says_more and all(path.is_file() for path in files)
    return replace(audit, former=others, is_written=not stays)


def _put_table(path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    partial = partial_path(path)
    try:
        pq.write_table(table, partial, compression="zstd")
        finalize(partial, path)
    finally:
        partial.unlink(missing_ok=True)
