"""Rows as labelling tools export them: Label Studio's tasks and Argilla's records.

What was shown lies in one object, what annotators said of it in lists beside. What an annotator
discarded or cancelled counts for nothing.
"""

from __future__ import annotations

import re
from typing import Any

from pairsmith.sources.detection.tell_values import words_of
from pairsmith.sources.rows.mapping import Columns

_REPLY = re.compile(
    r"(response|answer|completion|output|reply|summary|generation|option)[ _-]?(\d{1,2}|[a-h])",
    re.I,
)
_PROMPTS = ("prompt", "instruction", "question", "input", "query", "text", "context", "chat")


def is_label_studio(row: dict[str, Any]) -> bool:
    """Whether a row is a task of Label Studio with its annotations."""
    return isinstance(row.get("data"), dict) and isinstance(row.get("annotations"), list)


def tell_label_studio(row: dict[str, Any]) -> tuple[str, Columns] | None:
    """The columns of a task in which one of two texts was picked."""
    shown = _find_shown(row["data"], "data")
    if shown is None or len(shown[1]) != 2:
        return None
    prompt, (a, b) = shown
    columns = {"prompt": prompt, "a": a, "b": b, "annotations": "annotations"}
    return "two", {**columns, "winner": "annotations[].result[].value.selected"}


def tell_argilla(row: dict[str, Any]) -> tuple[str, Columns] | None:
    """The columns of a record whose replies were chosen among, rated or ranked."""
    fields, said = row.get("fields"), row.get("responses")
    if not isinstance(fields, dict) or not isinstance(said, list | dict):
        return None
    answers = _find_answers(said)
    shown = _find_shown(fields, "fields")
    if shown is None or not answers:
        return None
    prompt, replies = shown
    columns = {"prompt": prompt, "status": "status"}
    if isinstance(said, list):
        columns["annotations"] = "responses"
    if len(replies) == 1:
        path, value = next(iter(answers.items()))
        return ("rows", {**columns, "reply": replies[0], "score": path}) if _rates(value) else None
    rated = _find_rated(replies, answers)
    if rated:
        return "replies", {**columns, "replies": "+".join(replies), "score": "+".join(rated)}
    path, value = next(iter(answers.items()))
    if isinstance(value, list):
        return "replies", {**columns, "replies": "+".join(replies), "ranking": path}
    if len(replies) == 2:
        return "two", {**columns, "a": replies[0], "b": replies[1], "winner": path}
    return "replies", {**columns, "replies": "+".join(replies), "named": path}


def _find_shown(fields: dict[str, Any], at: str) -> tuple[str, list[str]] | None:
    """The paths of the prompt and of the replies among what annotators were shown."""
    replies = sorted(name for name in fields if _REPLY.fullmatch(name) and fields[name])
    if not replies:
        replies = [name for name in ("response", "completion", "answer") if fields.get(name)][:1]
    prompts = [name for name in _PROMPTS if fields.get(name) and name not in replies]
    if not prompts or not replies:
        return None
    return f"{at}.{prompts[0]}", [f"{at}.{name}" for name in replies]


def _find_answers(said: Any) -> dict[str, Any]:
    """A value of each question that somebody answered, by the path of all of them."""
    found: dict[str, Any] = {}
    if isinstance(said, dict):  # of records of Argilla 2
        for name, answers in said.items():
            for answer in answers if isinstance(answers, list) else []:
                if isinstance(answer, dict) and answer.get("value") is not None:
                    found.setdefault(f"responses.{name}[].value", answer["value"])
        return found
    for answer in said:
        values = answer.get("values") if isinstance(answer, dict) else None
        for name, held in values.items() if isinstance(values, dict) else ():
            inner = held.get("value") if isinstance(held, dict) else held
            if inner is not None:
                end = ".value" if isinstance(held, dict) else ""
                found.setdefault(f"responses[].values.{name}{end}", inner)
    return {path: value for path, value in found.items() if not _is_comment(value)}


def _is_comment(value: Any) -> bool:
    return isinstance(value, str) and len(value) > 60


def _rates(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _find_rated(replies: list[str], answers: dict[str, Any]) -> list[str]:
    """The paths of a rating for each of the replies, by the reply's name or number in its own."""
    rated = []
    for reply in replies:
        mark = words_of(reply)[-1]
        rated += [
            path
            for path, value in answers.items()
            if _rates(value) and words_of(path.removesuffix(".value"))[-1] == mark
        ][:1]
    return rated if len(rated) == len(replies) else []
