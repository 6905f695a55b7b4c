"""What people say of the rows of a build, as an annotation of it: agree, disagree, or neither.

A row gets one statement, made of the opinions on it. Its `score` is the probability that the label
as it is written is right, which is what `build --apply` flips and smooths by.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pairsmith._version import __version__
from pairsmith.collecting.board import Board, Opinion
from pairsmith.collecting.collection import Collection
from pairsmith.collecting.deciding import decide_labels, opinions_by_item
from pairsmith.collecting.events import Kind
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.tasks import Tasks
from pairsmith.collecting.verdicts import Word
from pairsmith.dataset.annotation import Annotation, Annotator
from pairsmith.errors import CollectionError
from pairsmith.schema.annotations import Action

AGREE, DISAGREE, TIE = "agree", "disagree", "tie"

ACTIONS: Mapping[str, str] = {
    AGREE: Action.LEAVE.value,
    DISAGREE: Action.FLIP.value,
    TIE: Action.LEAVE.value,
}
"""What `build --apply` does with the rows of each label, unless it is told otherwise. Where people
are not sure, the row stays as it is."""


def annotate_opinions(
    collection: Collection,
    build: str | os.PathLike[str],
    name: str = "people",
    *,
    actions: Mapping[str, str] = ACTIONS,
    accuracy: float | None = None,
) -> Annotation:
    """Writes what people said of the rows of a build as an annotation of it.

    Of pairs: a statement a row. It is `disagree` where the label is wrong with the certainty that
    `statistics.adjudication` asks for, `agree` where it is more likely right than not, and else
    `tie`: it is open. Columns are `opinions`, `agreeing`, `disagreeing`, `both_bad`,
    `no_difference`, and `strength`, the mean of the strengths, above 0 where they speak for the
    label. Of transcripts: a statement a reviewer and tag, with the tag as label and the rating as
    score; `reviewer` is the person's number.

    Args:
        collection: The collection, of the mode relabel or review.
        build: The build whose rows were judged, or another of the same rows.
        name: The annotation's.
        actions: What `build --apply` does with the rows of each label of pairs.
        accuracy: How often every person is right, such as 0.99 for one whose word is to count;
            None to estimate it from items that several judged.

    Raises:
        CollectionError: The collection's items are of no build.
        AnnotationError: The build has no such rows.
        OutputError: There is no such build.
    """
    from pairsmith.dataset.annotation_writer import annotate

    project = collection.project()
    with collection.store.read() as transaction:
        imported = transaction.last(Kind.IMPORTED)
        reached = transaction.reached()
    if imported is None:
        raise CollectionError(
            f"The items of {collection.folder} are of no build.",
            "What people say of collected comparisons stands in what is exported.",
        )
    board = Tasks(collection).read()
    reviews = project.mode == Mode.REVIEW
    said = _reviews(collection, board) if reviews else _judgements(project, board, accuracy)
    recipe = {
        "collection": {"project": project.sha256, "events": reached._asdict()},
        "build": imported.body["build"],
        "accuracy": accuracy,
    }
    given = dict.fromkeys(project.tags, Action.LEAVE.value) if reviews else actions
    annotator = Annotator("people", __version__, recipe, actions=given)
    return annotate(build, name, said, annotator)


def _judgements(project: Project, board: Board, accuracy: float | None) -> list[dict[str, Any]]:
    decided = decide_labels(board, project.mode, accuracy)
    by_item = opinions_by_item(board, project.mode)
    rows = []
    for item in sorted(decided):
        row = _judgement(item, by_item.get(item, []), *decided[item])
        if item in board.adjudicated:
            row["detail"] = f"adjudicated; {row['detail']}"
        rows.append(row)
    return rows


def _judgement(item: str, said: Sequence[Opinion], chance: float, verdict: str) -> dict[str, Any]:
    counts = Counter((o.strength > 0) - (o.strength < 0) for o in said)
    neither = Counter((o.task.answer or {}).get("verdict") for o in said if not o.strength)
    says_something = counts[1] or counts[-1] or verdict == "keep"
    label = AGREE if chance > 0.5 and says_something else TIE
    if verdict == "flip":
        label = DISAGREE
    people = f"{counts[1]} of {len(said)} agree with the label"
    return {
        "id": item,
        "label": label,
        "score": float(chance),
        "detail": people,
        "opinions": len(said),
        "agreeing": counts[1],
        "disagreeing": counts[-1],
        "both_bad": neither[Word.BOTH_BAD],
        "no_difference": neither[Word.TIE],
        "strength": sum(o.strength for o in said) / len(said) if said else None,
    }


def _reviews(collection: Collection, board: Board) -> Iterator[dict[str, Any]]:
    tasks = [task for task in board.tasks.values() if task.answer is not None]
    for task in sorted(tasks, key=lambda task: (task.item, task.answered or 0.0)):
        answer = task.answer or {}
        for tag in answer["tags"] or [None]:
            yield {
                "id": task.item,
                "label": tag,
                "score": float(answer["rating"]),
                "detail": None,
                "reviewer": collection.pseudonym(task.who),
            }
