"""The recipe: everything that decides a build's bytes, frozen, hashable, in the manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import pyarrow as pa

from pairsmith.errors import RecipeError
from pairsmith.schema.actions import (
    check_applied,
    check_doubt,
    check_drop,
    check_judge,
    check_mend,
)
from pairsmith.schema.annotations import Applied, Judge
from pairsmith.schema.reasons import POLICIES, Policy, Reason
from pairsmith.schema.rows import MARGIN, Form, Kind, Origin, PairColumns, shard_schema
from pairsmith.schema.templates import Template

SHARD_ROWS = 100_000
ACTIONS = ("mend", "drop", "flip", "smooth", "drop_doubted", "judge", "apply")
DOUBTS = ("flip", "smooth", "drop_doubted")
READING = ("reading", "shapes", "full", "carry", "margin", "told")
CARRIED = {
    "text": pa.string(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "truth": pa.bool_(),
    "json": pa.string(),
}
"""The types of carried columns; what is neither text, number nor truth is a text of JSON."""

SYSTEM_BYTES = 32_768
"""The longest system text: it is repeated in every row, and a batch must fit in memory."""


@dataclass(frozen=True)
class Recipe:
    """What to make of a source. Equal recipes over equal inputs make equal bytes.

    Attributes:
        template: The chat template, or None (then `form` is messages).
        form: Text or messages.
        system: The text of the system turn, or None for no such turn.
        shard_rows: At most this many input rows go into one shard.
        policies: The reasons whose policy is not to quarantine, in the order of `Reason`.
        origin: What the source is known to be, by its layout.
        card: The card's front-matter fields that the user gave, as canonical JSON.
        shape: The shape that pairs are read in, as `--from` calls it.
        mend: Which of `MENDS` to mend, in its order.
        drop: Which of `DROPS` to refuse, sorted.
        flip: Exchange the replies of train rows whose label is doubted by more than this, in
            log-odds; None for none.
        smooth: The same, but only write the confidence in the label.
        drop_doubted: The same, but refuse the rows; it goes before the other two.
        judge: The annotation that doubts; None for a model that is trained on the rows.
        apply: The annotations that are acted on, in the order in which they were named.
        full: Whether messages hold all that `schema.messages` knows, and shards of them the tools.
        carry: Fields of the source that shards have as columns of their names: paths, each with a
            type of `CARRIED`.
        margin: What the column `margin` is made of: a field, or two with a minus between them;
            None for no such column.
        reading: What rows are read by, where it takes more words than `shape`, as canonical JSON.
        shapes: By the path of a file whose rows are read otherwise, because it is of a source of
            another shape, its `from` and its `reading`, as canonical JSON.
        told: The fields that tell where a row belongs: of `split` and `subset` those that are told
            by one, with its path.
    """

    template: Template | None = None
    form: Form = Form.MESSAGES
    system: str | None = None
    shard_rows: int = SHARD_ROWS
    policies: tuple[tuple[Reason, Policy], ...] = ()
    origin: Origin = Origin.OTHER
    card: str = "{}"
    shape: str = "hh"
    mend: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    flip: float | None = None
    smooth: float | None = None
    drop_doubted: float | None = None
    judge: Judge | None = None
    apply: tuple[Applied, ...] = ()
    full: bool = False
    carry: tuple[tuple[str, str], ...] = ()
    margin: str | None = None
    reading: str = "{}"
    shapes: str = "{}"
    told: tuple[tuple[str, str], ...] = ()

    @property
    def judges(self) -> bool:
        """Whether labels are judged, and rows acted on whose label is doubted."""
        return any(getattr(self, name) is not None for name in DOUBTS)

    @property
    def weighs(self) -> bool:
        """Whether shards of pairs have `label_confidence`."""
        doubted = self.flip is not None or self.smooth is not None
        return doubted or any(applied.weighs for applied in self.apply)

    @property
    def looks(self) -> bool:
        """Whether a first pass over all rows tells what to do with them."""
        return bool(self.drop) or (self.judges and self.judge is None)

    @property
    def acts(self) -> bool:
        """Whether rows are dropped, flipped or smoothed."""
        return self.looks or self.judges or bool(self.apply)

    @property
    def reading_fields(self) -> dict[str, Any]:
        """What rows are read by, as a dictionary; empty where `shape` tells all."""
        fields: dict[str, Any] = json.loads(self.reading)
        return fields

    def read_as(self, path: str) -> tuple[str, dict[str, Any]]:
        """The shape that rows of a file are read in, and what `reading_fields` is for them."""
        held = json.loads(self.shapes).get(path)
        if held is None:
            return self.shape, self.reading_fields
        return held["from"], held.get("reading", {})

    @property
    def pair_columns(self) -> PairColumns:
        """Which columns the shards of pairs have."""
        carried = [(name, CARRIED[kind]) for name, kind in self.carry]
        margin = [(MARGIN, pa.float64())] if self.margin is not None else []
        return PairColumns(self.weighs, self.full, pa.schema([*margin, *carried]))

    @property
    def chat_format(self) -> str:
        """The template's name; empty without one."""
        return self.template.name if self.template else ""

    @property
    def card_fields(self) -> dict[str, Any]:
        """The card's fields as a dictionary."""
        fields: dict[str, Any] = json.loads(self.card)
        return fields

    def to_dict(self) -> dict[str, Any]:
        """The recipe as in the manifest."""
        return {
            "template": template_to_dict(self.template) if self.template else None,
            "as": self.form.value,
            "system": self.system,
            "shard_rows": self.shard_rows,
            "policies": {reason.value: policy.value for reason, policy in self.policies},
            "origin": self.origin.value,
            "card": self.card_fields,
            "from": self.shape,
            **self._reading,
            **self._actions,
        }

    @property
    def _reading(self) -> dict[str, Any]:
        """How fields are read that HH-RLHF has not; nothing where nothing is set."""
        held = {
            "reading": json.loads(self.reading),
            "shapes": json.loads(self.shapes),
            "full": self.full,
            "carry": dict(self.carry),
            "margin": self.margin,
            "told": dict(self.told),
        }
        return {name: value for name, value in held.items() if value}

    @property
    def _actions(self) -> dict[str, Any]:
        """The actions that are set; recipes without any read as before there were actions."""
        applied = [held.to_dict() for held in self.apply]
        actions = {
            "mend": list(self.mend),
            "drop": list(self.drop),
            "flip": self.flip,
            "smooth": self.smooth,
            "drop_doubted": self.drop_doubted,
            "judge": self.judge._asdict() if self.judge else None,
            "apply": applied,
        }
        return {name: value for name, value in actions.items() if value}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Recipe:
        """The inverse of `to_dict`.

        Raises:
            RecipeError: It is not a recipe that this version can follow.
        """
        return make_recipe(
            template=template_from_dict(fields["template"]) if fields["template"] else None,
            form=Form(fields["as"]),
            system=fields["system"],
            shard_rows=fields["shard_rows"],
            policies=fields["policies"],
            origin=Origin(fields["origin"]),
            card=fields["card"],
            shape=fields["from"],
            **{name: fields[name] for name in (*ACTIONS, *READING) if name in fields},
        )


def template_to_dict(template: Template) -> dict[str, Any]:
    """A template as JSON holds it, with the sha256 of its source."""
    digest = hashlib.sha256(template.source.encode()).hexdigest()
    fields = {**vars(template), "tokens": dict(template.tokens), "control": list(template.control)}
    return {"name": fields.pop("name"), "sha256": digest, **fields}


def template_from_dict(fields: Mapping[str, Any]) -> Template:
    """The template that JSON holds.

    Raises:
        RecipeError: A field is of another type, or the source is not what the sha256 names.
    """
    arguments = {name: value for name, value in fields.items() if name != "sha256"}
    tokens, control = tuple(sorted(fields["tokens"].items())), tuple(fields["control"])
    template = Template(**{**arguments, "tokens": tokens, "control": control})
    texts = (template.name, template.source, *control, *(text for pair in tokens for text in pair))
    if not all(isinstance(text, str) for text in texts) or not isinstance(template.adds_bos, bool):
        raise RecipeError("The recipe's template has a field of another type.")
    if template_to_dict(template)["sha256"] != fields["sha256"]:
        raise RecipeError("The recipe's template is not the one that its sha256 names.")
    return template


class RecipeFields(TypedDict, total=False):
    """What a recipe is made of, before it is checked: `Recipe`'s fields as a user gives them."""

    template: Template | None
    form: str | None
    system: str | None
    shard_rows: int
    policies: Mapping[str, str] | None
    origin: Origin
    card: Mapping[str, Any] | None
    shape: str
    mend: Iterable[str]
    drop: Iterable[str]
    flip: float | None
    smooth: float | None
    drop_doubted: float | None
    judge: Mapping[str, Any] | None
    apply: Iterable[Mapping[str, Any]]
    full: bool
    carry: Mapping[str, str]
    margin: str | None
    reading: Mapping[str, Any]
    shapes: Mapping[str, Mapping[str, Any]]
    told: Mapping[str, str]


def make_recipe(**given: Unpack[RecipeFields]) -> Recipe:
    """Checks the parts of a recipe against each other and freezes them.

    Raises:
        RecipeError: A part is unknown, out of range, or at odds with another.
    """
    _check_types(given)
    checked: dict[str, Any] = dict(given)
    template, system = given.get("template"), given.get("system")
    checked["form"] = _check_form(given.get("form"), template)
    if not 1 <= given.get("shard_rows", SHARD_ROWS) <= 100_000_000:
        raise RecipeError(
            f"A shard of {given['shard_rows']} rows is out of range.", "Use 1 or more."
        )
    if system is not None:
        _check_system(system)
    checked["policies"] = _check_policies(given.get("policies") or {})
    if given.get("flip") is not None and given.get("smooth") is not None:
        raise RecipeError("Doubted labels are flipped or smoothed, not both.", "Leave one out.")
    # within a field the order is the user's: a gate asks its questions in the order of the card
    card = dict(sorted((given.get("card") or {}).items()))
    checked["card"] = json.dumps(card, ensure_ascii=False)
    checked["mend"] = check_mend(given.get("mend", ()))
    checked["drop"] = check_drop(given.get("drop", ()))
    checked |= {name: check_doubt(name, checked.get(name)) for name in DOUBTS}
    checked["judge"] = check_judge(given.get("judge"))
    if not isinstance(given.get("full", False), bool):
        raise RecipeError(f"The recipe's full is {given['full']!r}.", "Expected true or false.")
    checked["carry"] = _check_carried(given.get("carry", {}))
    for name in ("reading", "shapes"):
        told: dict[str, Any] = dict(given.get(name) or {})  # type: ignore[call-overload]
        checked[name] = json.dumps(told, sort_keys=True, ensure_ascii=False)
    checked["told"] = tuple(sorted(given.get("told", {}).items()))
    checked["apply"] = tuple(check_applied(held) for held in given.get("apply", ()))
    return Recipe(**checked)


def _check_form(form: str | None, template: Template | None) -> Form:
    form = form or (Form.TEXT if template else Form.MESSAGES)
    if form not in list(Form):
        raise RecipeError(f"Rows cannot be written as {form!r}.", "Choose text or messages.")
    if form == Form.TEXT and template is None:
        raise RecipeError("Text needs a template.", "Add --template llama2, or use --as messages.")
    return Form(form)


def _check_carried(carry: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    shard = shard_schema(Kind.PAIRS, Form.MESSAGES, PairColumns(weighed=True, full=True))
    taken = [*shard.names, MARGIN, "reason", "detail"]
    for name, kind in carry.items():
        if name in taken:
            raise RecipeError(
                f"A carried field cannot be called {name!r}: a build has a column of that name.",
                "Leave it out of --carry.",
            )
        if kind not in CARRIED:
            raise RecipeError(
                f"A carried field cannot be {kind!r}.", f"Types: {', '.join(CARRIED)}."
            )
    return tuple(carry.items())


_TYPES: dict[str, tuple[type, str]] = {
    "template": (Template, "a template"),
    "form": (str, "text"),
    "system": (str, "text"),
    "shard_rows": (int, "a number"),
    "policies": (Mapping, "a mapping"),
    "shape": (str, "text"),
    "carry": (Mapping, "a mapping"),
    "margin": (str, "text"),
    "reading": (Mapping, "a mapping"),
    "shapes": (Mapping, "a mapping"),
}


def _check_types(given: Mapping[str, Any]) -> None:
    for name, (kind, words) in _TYPES.items():
        if name not in given or (given[name] is None and name != "shard_rows"):
            continue
        if not isinstance(given[name], kind) or isinstance(given[name], bool):
            raise RecipeError(f"The recipe's {name} is {given[name]!r}.", f"Expected {words}.")


def _check_system(system: str) -> None:
    if not system.strip():
        raise RecipeError("The system text is blank.", "Leave --system out for no system turn.")
    try:
        size = len(system.encode())
    except UnicodeEncodeError:
        raise RecipeError("The system text is not valid Unicode.") from None
    if "\0" in system:
        raise RecipeError("The system text holds a NUL character.")
    if size > SYSTEM_BYTES:
        raise RecipeError(
            f"The system text is {size:,} bytes long; it is repeated in every row.",
            f"At most {SYSTEM_BYTES:,} bytes are taken.",
        )


def _check_policies(policies: Mapping[str, str]) -> tuple[tuple[Reason, Policy], ...]:
    for reason, policy in policies.items():
        if reason not in list(Reason):
            raise RecipeError(f"There is no reason {reason!r}.", f"Reasons: {', '.join(Reason)}.")
        if policy not in POLICIES[Reason(reason)]:
            raise RecipeError(
                f"{reason} rows cannot have the policy {policy!r}.",
                f"For {reason}: {', '.join(POLICIES[Reason(reason)])}.",
            )
    chosen = {Reason(reason): Policy(policy) for reason, policy in policies.items()}
    return tuple((r, chosen[r]) for r in Reason if chosen.get(r, Policy.QUARANTINE) != "quarantine")
