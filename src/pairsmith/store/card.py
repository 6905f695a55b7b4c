"""The dataset card: front matter that loads the subsets, and a body that tells what was done.

Every entry of `configs` is written as `data_files` patterns: one with `data_dir` would break
`load_dataset(..., data_dir=...)`. Keys follow the hub's card specification,
https://huggingface.co/docs/hub/datasets-cards and …/datasets-gated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pairsmith.errors import RecipeError
from pairsmith.kernel.recipe import Recipe
from pairsmith.schema import EXPLANATIONS, Form, Kind, Note, Origin, Reason
from pairsmith.store.manifest import LedgerEntry, Manifest

NAME = "README.md"
HERE = "PATH_OR_NAME"
FIELD_BYTES = 65_536
"""The card fields a user gives may be so long, all together."""

FIELDS: dict[str, type | tuple[type, ...]] = {
    "pretty_name": str,
    "license": str,
    "license_name": str,
    "license_link": str,
    "language": (str, list),
    "tags": list,
    "extra_gated_heading": str,
    "extra_gated_description": str,
    "extra_gated_prompt": str,
    "extra_gated_button_content": str,
    "extra_gated_fields": dict,
    "extra_gated_eu_disallowed": bool,
}
"""What a user may set, each with its type."""

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def read_fields(path: Path) -> dict[str, Any]:
    """Reads card fields from a YAML file.

    Raises:
        RecipeError: It cannot be read, is not YAML, or sets what it may not.
    """
    import yaml

    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"The card file {path} cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        raise RecipeError(f"The card file {path} is not YAML: {error}.") from None
    if not isinstance(held, dict):
        raise RecipeError(f"The card file {path} holds no fields.", f"Fields: {_names()}.")
    return check_fields(held)


def check_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they came, if a card may have them.

    Raises:
        RecipeError: A field is unknown, of another type, too long, or missing beside another.
    """
    for name, value in fields.items():
        if name not in FIELDS:
            raise RecipeError(f"The card has no field {name!r} to set.", f"Fields: {_names()}.")
        if not isinstance(value, FIELDS[name]):
            raise RecipeError(f"The card field {name} is {value!r}.", f"Expected {_type(name)}.")
    try:
        size = len(json.dumps(dict(fields)))
    except TypeError as error:
        raise RecipeError(f"A card field holds what JSON cannot: {error}.") from None
    if size > FIELD_BYTES:
        raise RecipeError(f"The card fields are {size:,} bytes long; {FIELD_BYTES:,} are taken.")
    if fields.get("license") == "other" and "license_name" not in fields:
        raise RecipeError("The licence `other` needs a license_name, and should have a link.")
    return dict(fields)


def write_card(out: Path, manifest: Manifest, kinds: Mapping[str, Kind]) -> None:
    """Writes the card of a build.

    Args:
        out: The folder of the build.
        manifest: What was built.
        kinds: What the rows of each subset are.
    """
    import yaml

    matter = yaml.safe_dump(
        front_matter(manifest, kinds), sort_keys=False, allow_unicode=True, width=100
    )
    text = f"---\n{matter}---\n\n{body(manifest, kinds)}"
    (out / NAME).write_text(text, encoding="utf-8", newline="\n")


def front_matter(manifest: Manifest, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The card's fields; those of the recipe go before the defaults."""
    recipe = manifest.recipe
    kept = manifest.totals.kept
    defaults: dict[str, Any] = {
        "pretty_name": _title(recipe),
        "license": {Origin.HH: "mit", Origin.SAMPLE: "apache-2.0"}.get(recipe.origin),
        "language": None if recipe.origin == Origin.OTHER else ["en"],
        "size_categories": [next((name for limit, name in SIZES if kept < limit), "n>1M")],
        "tags": _tags(recipe, kinds),
    }
    fields = {**defaults, **recipe.card_fields, "configs": _configs(manifest.ledger, kinds)}
    return {name: value for name, value in fields.items() if value is not None}


def body(manifest: Manifest, kinds: Mapping[str, Kind]) -> str:
    """The card's Markdown below the front matter."""
    from jinja2 import Environment, StrictUndefined

    recipe = manifest.recipe
    loadable = dict.fromkeys(entry.subset for entry in manifest.ledger if entry.kept)
    subsets = {kind: [name for name in loadable if kinds[name] == kind] for kind in Kind}
    text = recipe.form == Form.TEXT
    environment = Environment(  # noqa: S701  (Markdown, from our own template)
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(
        (resources.files("pairsmith.store") / "card.md").read_text(encoding="utf-8")
    )
    return template.render(
        title=recipe.card_fields.get("pretty_name", _title(recipe)),
        version=manifest.pairsmith,
        here=HERE,
        model="meta-llama/Llama-2-7b-chat-hf" if recipe.template == "llama2" else "YOUR_MODEL",
        pairs=subsets[Kind.PAIRS],
        dialogues=subsets[Kind.DIALOGUES],
        text=text,
        form_words=f"as text in the `{recipe.template}` chat format" if text else "as messages",
        first_split=_first_split(manifest.ledger, subsets[Kind.PAIRS]),
        total=manifest.totals,
        ledger=manifest.ledger,
        reasons=list(manifest.totals.quarantined),
        words={reason.value: EXPLANATIONS[reason] for reason in Reason},
        notes={note.value: EXPLANATIONS[note] for note in Note},
        recipe=recipe.to_dict(),
        recipe_json=json.dumps(recipe.to_dict(), indent=2, ensure_ascii=False),
        origin=recipe.origin.value,
    )


def _first_split(ledger: Iterable[LedgerEntry], pairs: Iterable[str]) -> str:
    """The split of pairs to train on: train, or the only one there is."""
    splits = {entry.split for entry in ledger if entry.subset in pairs and entry.kept}
    return "train" if "train" in splits else "test"


def _title(recipe: Recipe) -> str:
    name = {Origin.HH: "HH-RLHF", Origin.SAMPLE: "pairsmith sample"}.get(recipe.origin)
    form = f"in the {recipe.template} format" if recipe.form == Form.TEXT else "as messages"
    return f"{name or 'Preference data'} {form}"


def _tags(recipe: Recipe, kinds: Mapping[str, Kind]) -> list[str]:
    tags = ["human-feedback", "rlhf", "preference", "dpo"]
    if Kind.DIALOGUES in kinds.values():
        tags.append("red-teaming")
    return [*tags, recipe.template] if recipe.template else tags


def _configs(ledger: Iterable[LedgerEntry], kinds: Mapping[str, Kind]) -> list[dict[str, Any]]:
    places = [(entry.subset, entry.split) for entry in ledger if entry.kept]
    pairs = [place for place in places if kinds[place[0]] == Kind.PAIRS]
    configs = [("default", pairs)]
    configs += [(name, [place for place in places if place[0] == name]) for name in kinds]
    return [
        {"config_name": name, "data_files": _data_files(held)} for name, held in configs if held
    ]


def _data_files(places: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    patterns: dict[str, list[str]] = {}
    for subset, split in sorted(places, key=lambda place: (place[1] != "train", place[1])):
        patterns.setdefault(split, []).append(f"{subset}/{split}-*.parquet")
    return [{"split": split, "path": paths} for split, paths in patterns.items()]


def _names() -> str:
    return ", ".join(FIELDS)


def _type(name: str) -> str:
    words = {str: "a text", list: "a list", dict: "a mapping", bool: "true or false"}
    held = FIELDS[name]
    return " or ".join(words[kind] for kind in (held if isinstance(held, tuple) else (held,)))
