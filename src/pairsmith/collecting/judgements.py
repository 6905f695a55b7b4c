"""What people say of items as rows of a source: pairs for judgements, transcripts with tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pairsmith.collecting.board import Opinion, Task
from pairsmith.collecting.items import GOLD, Item
from pairsmith.collecting.rows import Author, Row, Why
from pairsmith.collecting.verdicts import Side, Word, side_of
from pairsmith.schema.splits import TRAIN
from pairsmith.sources import redteam
from pairsmith.sources.layouts.source_file import DIRECT


def judgement_row(task: Task, item: Item, author: Author) -> Row:
    """A judgement of a pair as a row; `agrees` tells whether the label says the same.

    It belongs where the row of the build does that was judged. An answer that measures the person,
    one to an item whose answer is known or that they have judged before, makes no row. Nor does one
    of replies that are more than a text: what was shown of them is not what a model wrote.

    Args:
        task: The task.
        item: What was judged.
        author: Whose judgement it is.
    """
    subset, split = _place(item.id)
    verdict: Any = None if task.answer is None else task.answer["verdict"]
    held: dict[str, Any] = {**_about(task, author), "prompt": item.messages}
    if why := _why(task, item, verdict):
        return Row(subset, split, {**held, "verdict": verdict}, why)
    picked = side_of(verdict)
    better, worse = (item.on(side, task.swapped) for side in (picked, picked.other))
    return Row(
        subset,
        split,
        {
            **held,
            "chosen": [{"role": "assistant", "content": better}],
            "rejected": [{"role": "assistant", "content": worse}],
            "chosen_side": picked.value,
            "strength": abs(verdict),
            "agrees": (picked == Side.A) != task.swapped,
        },
    )


def adjudicated_row(held: Mapping[str, Any], agrees: bool) -> dict[str, Any]:
    """A collected pair on which somebody decided for all; `adjudicated` says whether it was right.

    Where it was not, the two replies change places with what belongs to them. The strength was that
    of the other choice, and is left out.

    Args:
        held: What the row holds.
        agrees: Whether its label is right.
    """
    if agrees:
        return {**held, "adjudicated": True}
    turned = {_TURNED.get(name, name): value for name, value in held.items() if name != "strength"}
    made = {name: turned[name] for name in held if name in turned}
    if scores := held.get("preference_model"):
        made["preference_model"] = {"chosen": scores["rejected"], "rejected": scores["chosen"]}
    if side := held.get("chosen_side"):
        made["chosen_side"] = Side(side).other.value
    if opinions := held.get("opinions"):
        made["opinions"] = [{**one, "strength": -one["strength"]} for one in opinions]
    return {**made, "adjudicated": False}


_TURNED: Mapping[str, str] = {
    f"{side}{what}": f"{other}{what}"
    for side, other in (("chosen", "rejected"), ("rejected", "chosen"))
    for what in ("", "_model", "_seed")
}


def reviewed_row(item: Item, tasks: Sequence[Task], number: Callable[[str], int]) -> Row:
    """A red-team attempt with all that reviewers say of it.

    `tags` holds those that it had and those that any reviewer gave, by their names; `reviews` who
    gave which, and the rating of each.

    Args:
        item: The transcript.
        tasks: On it; those without an answer say nothing.
        number: A person's number, by who they are.
    """
    reviews = [
        {
            "annotator": number(task.who),
            "tags": task.answer["tags"],
            "rating": task.answer["rating"],
            "guidelines": str(task.answer["instructions"])[:12],
            "seconds": None if task.seconds is None else round(task.seconds, 1),
        }
        for task in tasks
        if task.answer is not None
    ]
    given = {tag for one in reviews for tag in one["tags"]}
    tags = sorted(given.union(item.row.get("tags") or ()))
    held = {"id": item.id, **item.row, "tags": tags or None}
    return Row(redteam.SUBSET, redteam.SPLIT, {**held, "reviews": reviews} if reviews else held)


def _about(task: Task, author: Author) -> dict[str, Any]:
    instructions = "" if task.answer is None else str(task.answer["instructions"])
    return {
        "id": task.id,
        "row": task.item,
        "annotator": author.number,
        "mode": author.project.mode.value,
        "round": author.project.round,
        "guidelines": instructions[:12],
        "seconds": None if task.seconds is None else round(task.seconds, 1),
    }


def _why(task: Task, item: Item, verdict: Any) -> Why | None:
    if verdict is None:
        return Why.NOT_CHOSEN
    if task.item.startswith(GOLD):
        return Why.KNOWN_ANSWER
    if task.repeats is not None:
        return Why.REPEAT
    if verdict == Word.SKIP:
        return Why.SKIPPED
    if verdict in (Word.BOTH_BAD, Word.TIE):
        return Why.BOTH_BAD if verdict == Word.BOTH_BAD else Why.TIE
    return Why.WRITTEN_OUT if item.written else None


def _place(id: str) -> tuple[str, str]:
    """The subset and the split of a row of a build, by its id."""
    parts = id.split("/")
    return (parts[0], parts[1]) if len(parts) > 2 else (DIRECT, TRAIN)


def second_opinions(said: Sequence[Opinion], number: Callable[[str], int]) -> list[dict[str, Any]]:
    """What others say of a collected comparison, as a pair holds it.

    `strength` is above 0 where they speak for `chosen`, and 0 where they find both replies bad.

    Args:
        said: By others.
        number: A person's number, by who they are.
    """
    return [
        {
            "annotator": number(opinion.who),
            "strength": opinion.strength,
            "seconds": None if opinion.seconds is None else round(opinion.seconds, 1),
        }
        for opinion in said
    ]
