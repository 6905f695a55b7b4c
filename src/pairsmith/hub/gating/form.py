"""The form of a gate: what a card's `extra_gated_*` entries ask of those who want access.

The entries are those of the public hub (https://huggingface.co/docs/hub/datasets-gated). A card is
somebody's own text, so nothing in it is taken for granted: what is malformed is a fault that its
owner is shown, and the form goes on without it. Whether the gate is on is no matter of the card.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

from pairsmith.hub.http.errors import bad_request

Kind = Literal["text", "checkbox", "date_picker", "country", "select"]
Answer = str | bool  # True is a box that was ticked
KINDS: tuple[str, ...] = get_args(Kind)
MAX_FIELDS = 20
MAX_OPTIONS = 200
MAX_ANSWER_CHARS = 1000  # characters, as all the lengths here
MAX_LABEL_CHARS = 1000
MAX_OPTION_CHARS = 200
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ENTRIES = {  # what a card may say in its own words: how long, and what stands there if it does not
    "extra_gated_heading": (200, "You need to ask for access to this {kind}"),
    "extra_gated_prompt": (20_000, ""),
    "extra_gated_description": (2000, ""),
    "extra_gated_button_content": (100, "Ask for access"),
}


class Option(NamedTuple):
    """One of the answers that a `select` allows: what is shown, and what is kept."""

    label: str
    value: str


class Field(NamedTuple):
    """A question of the form. `options` are those of a `select` or a `country`."""

    label: str
    kind: Kind
    options: tuple[Option, ...] = ()


class GateForm(NamedTuple):
    """What those who ask for access read and answer.

    Attributes:
        heading: One line.
        prompt: Markdown, such as the terms; '' for none.
        description: A sentence below the prompt; '' for none.
        button: What the button says.
        fields: The questions, in order.
        faults: What is wrong with the card's entries, a sentence each, for its owner.
    """

    heading: str
    prompt: str
    description: str
    button: str
    fields: tuple[Field, ...]
    faults: tuple[str, ...]

    @property
    def mark(self) -> str:
        """A short hash of what is read and asked: another form has another."""
        return hashlib.sha256(repr(self[:5]).encode()).hexdigest()[:32]


def read_form(data: Mapping[str, object], kind: str = "dataset") -> GateForm:
    """The form that a card's front matter describes; never an error, see `GateForm.faults`.

    Args:
        data: The front matter.
        kind: What access is asked for to: `dataset` or `model`.
    """
    faults: list[str] = []
    words = [_words(data, name, faults) for name in ENTRIES]
    fields = _fields(data.get("extra_gated_fields"), faults)
    heading, prompt, description, button = words
    if heading == ENTRIES["extra_gated_heading"][1]:
        heading = heading.format(kind=kind)
    return GateForm(heading, prompt, description, button, fields, tuple(faults))


def check_answers(form: GateForm, answers: Mapping[str, str]) -> dict[str, Answer]:
    """What was answered, label to answer, where all of it was answered as asked.

    Args:
        form: The form.
        answers: What was sent, by label. What the form does not ask for is left out.

    Raises:
        HubError: 400, with everything that is missing or wrong.
    """
    if wrong := problems(form, answers):
        raise bad_request(" ".join(wrong))
    return {field.label: _answer(field, answers) for field in form.fields}


def problems(form: GateForm, answers: Mapping[str, str]) -> list[str]:
    """What is missing or wrong in what was answered, a sentence each."""
    said = (_problem(field, answers.get(field.label, "").strip()) for field in form.fields)
    return [sentence for sentence in said if sentence]


@cache
def countries() -> tuple[Option, ...]:
    """The countries and territories of ISO 3166-1, by their short names in English."""
    lines = files("pairsmith.hub.gating").joinpath("countries.txt").read_text("utf-8").splitlines()
    return tuple(Option(line[3:], line[3:]) for line in lines)


def _answer(field: Field, answers: Mapping[str, str]) -> Answer:
    return True if field.kind == "checkbox" else answers[field.label].strip()


def _problem(field: Field, value: str) -> str:
    """What is wrong with an answer; '' for nothing."""
    if field.kind == "checkbox":
        return "" if value else f"“{field.label}” has to be ticked."
    if not value:
        return f"“{field.label}” has to be answered."
    if len(value) > MAX_ANSWER_CHARS:
        return f"“{field.label}” takes at most {MAX_ANSWER_CHARS:,} characters."
    if field.kind == "date_picker" and not _is_date(value):
        return f"“{field.label}” has to be a date, as in 2026-11-24."
    if field.options and value not in {option.value for option in field.options}:
        return f"“{field.label}” has to be one of the answers in its list."
    return ""


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return DATE.fullmatch(value) is not None


def _words(data: Mapping[str, object], name: str, faults: list[str]) -> str:
    longest, otherwise = ENTRIES[name]
    value = data.get(name)
    if value is None:
        return otherwise
    if not isinstance(value, str):
        faults.append(f"{name} has to be a text; it is left out.")
        return otherwise
    if len(value) > longest:
        faults.append(f"{name} has more than {longest:,} characters; the rest is left out.")
    return _whole(value[:longest]).strip() or otherwise


def _fields(value: object, faults: list[str]) -> tuple[Field, ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        faults.append("extra_gated_fields has to be a list of “Label: type”; it is left out.")
        return ()
    if len(value) > MAX_FIELDS:
        faults.append(f"extra_gated_fields has more than {MAX_FIELDS}; the rest is left out.")
    made: dict[str, Field] = {}
    for written, kind in list(value.items())[:MAX_FIELDS]:
        label = _label(written, faults)
        if label in made:
            faults.append(f"“{label}” is asked twice; the first one counts.")
        elif label:
            made[label] = _field(label, kind, faults)
    return tuple(made.values())


def _label(written: object, faults: list[str]) -> str:
    label = _scalar(written)
    if not label:
        faults.append("A field of extra_gated_fields has no label; it is left out.")
    elif not isinstance(written, str):
        faults.append(f"The label “{label}” is no text; put it in quotation marks.")
    if len(label) > MAX_LABEL_CHARS:
        faults.append(f"“{label[:40]}…” has more than {MAX_LABEL_CHARS:,} characters; it is cut.")
    return label[:MAX_LABEL_CHARS].strip()


def _field(label: str, written: object, faults: list[str]) -> Field:
    kind = written.get("type") if isinstance(written, dict) else written
    if kind == "select":
        options = _options(label, written, faults)
        return Field(label, "select", options) if options else Field(label, "text")
    if kind == "country":
        return Field(label, "country", countries())
    if kind == "checkbox":
        return Field(label, "checkbox")
    if kind == "date_picker":
        return Field(label, "date_picker")
    if kind != "text":
        said = _scalar(kind)[:40] or "nothing"
        faults.append(f"“{label}” is of type {said}, not one of {', '.join(KINDS)}; it is a text.")
    return Field(label, "text")


def _options(label: str, written: object, faults: list[str]) -> tuple[Option, ...]:
    given = written.get("options") if isinstance(written, dict) else None
    if not isinstance(given, list) or not given:
        faults.append(f"“{label}” is a select without a list of options; it is a text.")
        return ()
    if len(given) > MAX_OPTIONS:
        faults.append(f"“{label}” has more than {MAX_OPTIONS} options; the rest is left out.")
    made: dict[str, Option] = {}
    for entry in given[:MAX_OPTIONS]:
        option = _option(entry)
        if option is None or option.value in made:
            odd = f"is no text of at most {MAX_OPTION_CHARS} characters"
            why = odd if option is None else "is there twice"
            faults.append(f"An option of “{label}” {why}; it is left out.")
        else:
            made[option.value] = option
    if not made:
        faults.append(f"“{label}” has no option that can be chosen; it is a text.")
    return tuple(made.values())


def _option(entry: object) -> Option | None:
    """An option: a text, or `{label, value}`, where either stands for the other."""
    if isinstance(entry, dict):
        label, value = _scalar(entry.get("label")), _scalar(entry.get("value"))
    else:
        label = value = _scalar(entry)
    label, value = label or value, value or label
    fits = label and len(label) <= MAX_OPTION_CHARS and len(value) <= MAX_OPTION_CHARS
    return Option(label, value) if fits else None


def _scalar(value: object) -> str:
    """A text in one line. YAML takes a bare Yes or No for a truth value, and 3 for a number."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float | date) or (isinstance(value, int) and abs(value) < 10**18):
        return str(value)
    return " ".join(_whole(value).split()) if isinstance(value, str) else ""


def _whole(text: str) -> str:
    """A text without what UTF-8 and HTML cannot hold, which YAML can write with an escape."""
    clean = text.replace("\0", "").encode("utf-8", "replace")
    return clean.decode("utf-8")
