"""From the first rows of a source, and what was asked, to how its rows are read.

Rows vote for a shape, as in `detect`; what then needs more than one row to be told (what a number
means, what kind of text a column holds) is told by those that voted for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pairsmith.errors import RecipeError, SourceError
from pairsmith.sources.detection.nearest import name_nearest
from pairsmith.sources.detection.tell_columns import (
    VERDICTS,
    add_columns,
    fill_columns,
    tell_row,
    tell_written,
)
from pairsmith.sources.detection.tell_two import names_replies
from pairsmith.sources.detection.tell_values import Row, Told, find_prompt, is_alone
from pairsmith.sources.detection.votes import TEXTS, looks_like
from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.detected import Asked, Detected
from pairsmith.sources.rows.mapping import (
    Columns,
    check_columns,
    items_of,
    list_names,
    look_up,
    split_path,
    value_at,
)
from pairsmith.sources.rows.rules import GROUPED, ORDERED, PAIRS
from pairsmith.sources.rows.shapes import INNER, ROW_SHAPES, tell_rule
from pairsmith.sources.values.text_kinds import (
    PLAIN,
    TextKind,
    settle_kinds,
    settle_prompt,
    tell_text_kind,
)

AUTO = "auto"
RULES = {"sides": "pairs", "two": "two", "replies": "replies", "rows": "rows", "tree": "tree"}
"""Names for `--from` of shapes whose fields may have any names, by their rules."""

NAMES = (*ROW_SHAPES, *RULES.values())


def describe(rows: list[Row], asked: Asked, at: str) -> Detected | None:
    """How rows are read.

    Args:
        rows: The first rows of a source.
        asked: What was asked of it.
        at: What to call the source in a fault.

    Returns:
        None where there is no row, or none with a filled field.

    Raises:
        SourceError: The rows have no shape that is known, or cannot be told without a guess.
        RecipeError: What was asked does not go together.
    """
    _check_asked(asked)
    rows = [
        row for row in rows if isinstance(row, dict) and any(v is not None for v in row.values())
    ]
    if not rows and asked.shape not in ROW_SHAPES and not _is_complete(asked.columns):
        return None
    name, columns, voters = _choose(rows, asked, at)
    columns = add_columns(columns, voters)
    columns, preference = _prefer(columns, voters, asked.preference)
    columns = _number(columns, voters, at)
    if asked.min_margin and not _has_scores(columns):
        raise RecipeError(
            f"--min-margin compares scores, and rows of the shape {name} tell none.",
            "Name the fields of scores: --columns score_chosen=FIELD,score_rejected=FIELD",
        )
    pairs = asked.pairs or _usual_pairs(columns)
    kinds = _tell_kinds(columns, voters)
    return Detected(name, columns, kinds, preference, pairs, asked.min_margin, asked.drop_weak)


def differs(one: Detected, other: Detected) -> bool:
    """Whether two files of one shape have what is compared in fields of other names."""
    return any(
        one.columns.get(role) != other.columns.get(role)
        for role in ("prompt", "chosen", "rejected", "a", "b", "replies", "text", "reply")
    )


def _check_asked(asked: Asked) -> None:
    if asked.pairs is not None and asked.pairs not in PAIRS:
        raise RecipeError(
            f"--pairs takes {', '.join(PAIRS)}, not {asked.pairs[:40]!r}.",
            "best-worst compares the best reply of a row with its worst.",
        )
    if not asked.min_margin >= 0:
        raise RecipeError("--min-margin takes a number from 0 up.", "For example: --min-margin 0.5")
    if not asked.drop_weak >= 0:
        raise RecipeError("--drop-weak takes a number from 0 up.", "For example: --drop-weak 1")
    if asked.shape not in (AUTO, *NAMES):
        raise RecipeError(
            f"There is no shape {asked.shape[:40]!r}.", f"Shapes: {', '.join([AUTO, *NAMES])}."
        )


def _choose(rows: list[Row], asked: Asked, at: str) -> tuple[str, Columns, list[Row]]:
    """The name of the shape, its columns, and the rows that have it."""
    if asked.columns:
        return _choose_mapped(rows, asked)
    if asked.shape in ROW_SHAPES:
        return asked.shape, dict(ROW_SHAPES[asked.shape].columns), rows
    votes: list[Told | str | None] = [tell(row, asked.preference) for row in rows]
    if asked.shape != AUTO:
        votes = [tell_row(row, asked.preference) for row in rows]
        votes = [vote if vote and vote[0] == asked.shape else None for vote in votes]
    keys = [(v[0], tuple(sorted(v[1].items()))) if isinstance(v, tuple) else v for v in votes]
    counts = Counter(key for key in keys if key)
    if any(isinstance(key, tuple) and key[0] == "hh" for key in counts):
        counts.pop(TEXTS, None)  # transcripts, and some rows that are broken
    if not counts or counts.most_common(1)[0][0] == TEXTS:
        return _choose_written(rows, at, bool(counts))
    key = counts.most_common(1)[0][0]
    if isinstance(key, str):
        raise no_prompt(at)
    voters = [row for row, voted in zip(rows, keys, strict=True) if voted == key]
    return key[0], dict(key[1]), voters


def _choose_written(rows: list[Row], at: str, sides: bool) -> tuple[str, Columns, list[Row]]:
    """Rows of two texts, in which a whole conversation each is written down in some way."""
    votes = [tell_written(row) for row in rows]
    keys = [(vote[0], tuple(sorted(vote[1].items()))) if vote else None for vote in votes]
    for key, _ in Counter(key for key in keys if key).most_common(1):
        columns = dict(key[1])
        voters = [row for row, voted in zip(rows, keys, strict=True) if voted == key]
        both = [columns[role] for role in ("chosen", "rejected", "a", "b") if role in columns]
        texts = [text for path in both for text in _texts(voters, path)]
        if tell_text_kind(texts, "whole") != PLAIN:
            return key[0], columns, voters
    raise no_prompt(at) if sides else name_nearest(rows, at)


def no_prompt(at: str) -> SourceError:
    """Two texts, and nobody knows where the prompt ends."""
    return SourceError(
        f"{at} has chosen and rejected texts without a prompt and without turn markers: "
        "where the prompt ends could only be guessed.",
        "Give the prompt in a field of its own; if they are transcripts all the same, "
        "add --from hh.",
    )


def tell(row: Row, preference: str | None = None) -> Told | str | None:
    """The shape of a row: of those that have one name for each field first, then of all."""
    looks = looks_like(row)
    if looks in ROW_SHAPES and not names_replies(row):
        columns = ROW_SHAPES[looks].columns
        elsewhere = looks == "trl-implicit" and is_alone(row["chosen"])
        if not elsewhere or not find_prompt(row, columns.values()):
            return looks, dict(columns)
    return tell_row(row, preference) or (TEXTS if looks == TEXTS else None)


def _choose_mapped(rows: list[Row], asked: Asked) -> tuple[str, Columns, list[Row]]:
    """The columns that were named, and what goes with them without being named."""
    named = asked.columns
    outer = {role: path for role, path in named.items() if role not in INNER}
    check_columns(outer, rows, ())  # a misspelt field is told before any shape is looked for
    if _is_complete(named):
        base: Columns = {}
        name = RULES[tell_rule(named)]
        if asked.shape in ROW_SHAPES:
            name, base = asked.shape, ROW_SHAPES[asked.shape].columns
        columns = {**base, **fill_columns(named, rows), **named}
    else:
        shown = [_as_prompt(row, named) for row in rows]
        name, base, _ = _choose(shown, asked._replace(columns={}), "the source")
        if VERDICTS & named.keys():
            base = {role: path for role, path in base.items() if role not in VERDICTS}
        columns = {**base, **named}
    if "replies" in columns:
        named = {"replies": columns["replies"], **_begin_inside(named, columns["replies"])}
        columns |= named
    check_columns(named, rows, INNER)
    _check_verdict(name, columns)
    return name, columns, rows


def _begin_inside(named: Columns, replies: str) -> Columns:
    """Paths of what is said of each reply, as `answers[].score`, as they begin inside of it."""
    return {
        role: path.removeprefix(f"{replies}[].") if role in INNER else path
        for role, path in named.items()
    }


def _check_verdict(name: str, columns: Columns) -> None:
    """Checks that something tells which reply is better.

    Raises:
        RecipeError: Nothing does.
    """
    rule = tell_rule(columns)
    if rule in ("sides", "tree") or VERDICTS & columns.keys() or name in ROW_SHAPES:
        return
    what, roles = {
        "two": (
            "of the two replies",
            "winner=FIELD, strength=FIELD, or score_a=FIELD,score_b=FIELD",
        ),
        "replies": (
            "of the replies",
            "rank=FIELD or score=FIELD; where the best one comes first, --from alpaca-output",
        ),
        "rows": ("of the replies to one prompt", "label=FIELD or score=FIELD"),
    }[rule]
    raise RecipeError(f"--columns does not say which {what} is better.", f"Add {roles}.")


def _is_complete(columns: Columns) -> bool:
    """Whether columns make a shape by themselves."""
    return any(role in columns for role in ("chosen", "a", "replies", "reply"))


def _as_prompt(row: Row, named: Columns) -> Row:
    """The row with the prompt that was named in the field where everyone has it."""
    found = look_up(row, named["prompt"]) if "prompt" in named else []
    if not found:
        return row
    left = {name: value for name, value in row.items() if name not in split_path(named["prompt"])}
    return {**left, "prompt": found[0]}


def _prefer(
    columns: Columns, rows: list[Row], preference: str | None
) -> tuple[Columns, str | None]:
    """The columns with the preference that was asked for, and its name."""
    held = {name for row in rows for name, value in row.items() if value is not None}
    kinds = {kind: name for kind, name in known.PREFERENCES.items() if name in held}
    if columns.get("winner") in kinds.values():
        asked = kinds.get(preference or "") or (preference if preference in held else None)
        if asked is None and (preference is not None or len(kinds) > 1):
            found = f"{preference[:40]!r} is none of them" if preference else "one must be named"
            raise SourceError(
                f"Rows tell more than one preference, {' and '.join(kinds)}: {found}.",
                f"Add --preference {' or --preference '.join(kinds)}.",
            )
        winner = asked or columns["winner"]
        kind = next((kind for kind, name in kinds.items() if name == winner), winner)
        return {**columns, "winner": winner}, kind
    if preference is None:
        rated = tell_rule(columns) == "rows" and columns.get("score")
        return columns, columns["score"] if rated else None
    return _prefer_field(columns, rows, preference), preference


def _prefer_field(columns: Columns, rows: list[Row], preference: str) -> Columns:
    """The columns with a field that was named for what tells which reply is better."""
    rule = tell_rule(columns)
    inside = rule == "replies" and len(split_path(columns["replies"])) == 1
    items = [item for row in rows for item in items_of(row, columns["replies"])] if inside else rows
    if not any(look_up(item, preference) for item in items if isinstance(item, dict)):
        names = list(
            dict.fromkeys(str(n) for item in items if isinstance(item, dict) for n in item)
        )
        raise SourceError(
            f"No row has the field {preference[:60]!r} that --preference names; "
            f"the fields are {list_names(names)}.",
            "Name the field that tells which reply is better.",
        )
    if rule in ("sides", "tree"):
        raise RecipeError(
            "--preference is for rows that tell more than one preference; these say chosen and "
            "rejected, or ranks.",
            "Leave it out.",
        )
    role = "winner" if rule == "two" else "score"
    drop = ("winner", "label", "strength", "wins_a", "wins_b", "ties", "rank", "selected")
    return {**{r: path for r, path in columns.items() if r not in drop}, role: preference}


def _number(columns: Columns, rows: list[Row], at: str) -> Columns:
    """The columns with `first`, where a number says which of two replies is better."""
    path = columns.get("winner")
    if path is None or tell_rule(columns) != "two" or "first" in columns:
        return columns
    values = [value for row in rows for value in look_up(row, path)]
    if any(isinstance(value, bool) for value in values):
        raise _ambiguous(at, path, "true or false")
    numbers = {_whole(value) for value in values} - {None}
    if not numbers:
        return columns
    if not numbers <= {0, 1} and not numbers <= {1, 2}:
        raise _ambiguous(at, path, "numbers other than two that follow each other")
    if path in ("label", "labels"):
        raise _ambiguous(at, path, "numbers, and may as well be 1 where the first is better")
    if 0 in numbers or 2 in numbers:
        return {**columns, "first": "0" if 0 in numbers else "1"}
    if columns["a"][-1].isdigit():
        return {**columns, "first": columns["a"][-1]}
    raise _ambiguous(at, path, "1 in all the first rows")


def _whole(value: Any) -> float | None:
    """A number, or the text of one; None for any other value."""
    if isinstance(value, str):
        return float(value) if value.strip().lstrip("-").isdecimal() and len(value) < 9 else None
    return float(value) if isinstance(value, int | float) else None


def _ambiguous(at: str, path: str, holds: str) -> SourceError:
    return SourceError(
        f"{at} has the field {path[:60]!r}, which holds {holds}: which reply it means could only "
        "be guessed.",
        f"Where a number is the better reply's: --columns winner={path},first=0 (or first=1). "
        f"Where 1 or true says that the first one is better: --columns label={path}. Where it is "
        f"below 0 if the first one is better: --columns strength={path}.",
    )


def _has_scores(columns: Columns) -> bool:
    return bool({"score", "score_a", "score_chosen", "strength"} & columns.keys())


def _usual_pairs(columns: Columns) -> str | None:
    """What is compared where nobody says; None where there are two replies."""
    rule = tell_rule(columns)
    if rule in ("sides", "two"):
        return None
    return GROUPED if {"label", "selected", "winner", "named"} & columns.keys() else ORDERED


def _tell_kinds(columns: Columns, rows: list[Row]) -> dict[str, TextKind]:
    """What the texts of each column are, where they are not plain."""
    prompt = None
    if "prompt" in columns and len(split_path(columns["prompt"])) == 1:
        prompt = tell_text_kind(_texts(rows, columns["prompt"]), "prompt")
    kinds = {"prompt": prompt or PLAIN}
    names = ("chosen", "rejected", "rejected_whole", "a", "b", "reply")
    sides: list[str] = [role for role in names if role in columns]
    said = [text for role in sides for text in _texts(rows, columns[role])]
    if "replies" in columns:
        sides = ["text"]
        items = [item for row in rows for item in items_of(row, columns["replies"])]
        inner = columns.get("text")
        values = (value_at(i, inner) if inner and isinstance(i, dict) else i for i in items)
        said = [value for value in values if isinstance(value, str)]
    if tell_rule(columns) != "tree":
        kind = tell_text_kind(said, "whole" if prompt is None else "reply")
        if prompt is not None:
            kinds["prompt"] = prompt = settle_prompt(prompt, kind)
        kinds |= dict.fromkeys(sides, settle_kinds(prompt, [kind])[0])
    if texts := _texts(rows, columns.get("history", "history")):
        kinds["history"] = tell_text_kind(texts, "whole")
    return {role: kind for role, kind in kinds.items() if kind != PLAIN}


def _texts(rows: Iterable[Row], path: str) -> list[str]:
    return [value for row in rows for value in look_up(row, path) if isinstance(value, str)]
