"""An audit: every question put to a built dataset, the answers in a report and in files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pairsmith._version import __version__
from pairsmith.auditing import record
from pairsmith.auditing.answer import Answer, Question, Study, UnansweredError
from pairsmith.auditing.questions import QUESTIONS
from pairsmith.auditing.record import Audit
from pairsmith.auditing.report.plots import Draw
from pairsmith.auditing.report.render import draw
from pairsmith.auditing.statements import NAME as ANNOTATION
from pairsmith.auditing.statements import annotator, statements_of
from pairsmith.dataset import card_audit, folder, manifest
from pairsmith.dataset.annotation_writer import annotate
from pairsmith.dataset.annotations import annotation_folder
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset
from pairsmith.dataset.report_files import check_place
from pairsmith.dataset.verify import check_whole
from pairsmith.errors import OutputError
from pairsmith.extras import require
from pairsmith.io.durable import sha256_of
from pairsmith.plugins import pick
from pairsmith.progress import Steps, Watch
from pairsmith.tokens.tokenizer import load_tokenizer


def audit(
    out: str | os.PathLike[str],
    *,
    tokenizer: str | os.PathLike[str] | None = None,
    questions: Iterable[str] | Mapping[str, Question] | None = None,
    progress: Watch | None = None,
) -> Audit:
    """Puts questions to a whole built dataset, and writes the answers beside it.

    `OUT/annotations/audit/` gets what is said of each row, for `pairsmith show --annotation audit`.
    `OUT/audit/` gets `report.html`, which needs nothing else and shows texts of the dataset;
    `findings.parquet`; and `audit.json`, in place of those of an earlier audit. The card gets a
    section on quality, unless it was edited. An earlier audit of the same build that says all that
    this one does, and more, stays.

    Args:
        out: The folder of a build.
        tokenizer: A tokenizer's folder, or its id on the hub, for the question that wants one.
        questions: Names of `QUESTIONS`, or questions of your own by name; None for all.
        progress: Called before each step, with its name in place of a path, the rows of the
            dataset, and steps in place of bytes.

    Returns:
        The answers. A question that the dataset gives no answer to says why.

    Raises:
        RecipeError: There is no such question, or the extra `audit` is not installed.
        TokenizerError: The tokenizer cannot be loaded, or lacks what the rows want.
        OutputError: There is no finished build, it is not as its manifest says, it holds no
            pairs, or its folder cannot be written.
    """
    chosen = pick(QUESTIONS, "question", questions)
    require("audit", "An audit needs")
    source = _local(os.fspath(out))
    data = Dataset(source)
    check_place(source, data.built, card_audit.FOLDER, "audit")
    annotation_folder(source, ANNOTATION)
    kept = sum(entry.kept for entry in data.entries)
    steps = Steps(progress, kept, len(chosen) + 3)
    steps.begin("check")
    check_whole(source)
    if tokenizer is not None:  # or a fault would be told last
        load_tokenizer(os.fspath(tokenizer), data.built.recipe.form)
    answers = _ask(data, chosen, tokenizer, steps)
    made = Audit(
        pairsmith=__version__,
        manifest=sha256_of(source / manifest.NAME),
        kept=kept,
        quarantined=sum(entry.read - entry.kept for entry in data.entries),
        unread=answers.unread,
        answers=answers.given,
        folder=source / card_audit.FOLDER,
        dialogues=_unasked(data),
    )
    made = record.beside_former(made)
    steps.begin("report")
    if made.is_written:
        _annotate(data, answers, tokenizer)  # which refuses findings of rows that there are not
        _write(made, data, chosen)
    return made


def _write(made: Audit, data: Dataset, questions: Mapping[str, Question]) -> None:
    """Writes the files of an audit, and the section of the card."""
    record.write(made, draw(made, data, _plots(questions)))
    source = made.folder.parent
    with folder.writing(source):
        card_audit.write_section(source, made.to_dict())


def _annotate(data: Dataset, answers: Answers, tokenizer: str | os.PathLike[str] | None) -> None:
    """Writes what was found as an annotation."""
    asked = [answer.question for answer in answers.given]
    others = _unasked(data)
    annotate(
        data.out,
        ANNOTATION,
        pa.concat_tables(answers.statements),
        annotator(asked, Path(tokenizer).name if tokenizer is not None else None),
        {"not a pair": others} if others else {},
    )


def _unasked(data: Dataset) -> int:
    """The rows that are no pairs: red-team dialogues."""
    return sum(entry.read for entry in data.built.ledger) - sum(e.read for e in data.entries)


def _local(out: str) -> Path:
    """The folder of a build.

    Raises:
        OutputError: It lies in an object store.
    """
    source = folder.output(out)
    if not isinstance(source, Path):
        raise OutputError(f"{out} is a URL.", "Copy the build to a folder, and audit that.")
    return source


@dataclass(frozen=True)
class Answers:
    """What was answered, how many kept rows could not be read for it, and what it says of rows."""

    given: tuple[Answer, ...]
    unread: int
    statements: tuple[pa.Table, ...]


def _ask(
    data: Dataset,
    questions: Mapping[str, Question],
    tokenizer: str | os.PathLike[str] | None,
    steps: Steps,
) -> Answers:
    steps.begin("keys")
    with open_keys(data) as keys:
        unread = data.unread
        study = Study(data, keys, None if tokenizer is None else os.fspath(tokenizer))
        given, said = [], []
        for name, question in questions.items():
            steps.begin(name)
            given.append(_put(name, question, study))
            said.append(statements_of(study, given[-1]))
    return Answers(tuple(given), unread, tuple(said))


def _plots(questions: Mapping[str, Question]) -> dict[str, Draw]:
    """The pictures that questions have of their own."""
    held = {name: getattr(question, "plot", None) for name, question in questions.items()}
    return {name: plot for name, plot in held.items() if plot is not None}


def _put(name: str, question: Question, study: Study) -> Answer:
    try:
        return question(study)
    except UnansweredError as error:
        title = getattr(question, "title", name.replace("_", " ").capitalize())
        return Answer(name, title, "", unanswered=str(error), command=error.command)
