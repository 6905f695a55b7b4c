"""The dataset card: front matter that loads the subsets, and a body that describes the build.

Every entry of `configs` is written as `data_files` patterns: one with `data_dir` would break
`load_dataset(..., data_dir=...)`. Keys follow the hub's card specification,
https://huggingface.co/docs/hub/datasets-cards and …/datasets-gated.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pairsmith.chat_templates.builtin import FAMILIES
from pairsmith.dataset import card_prose
from pairsmith.dataset.card_actions import (
    code_words,
    explain_notes,
    label_actions,
    tell_applied,
)
from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.errors import RecipeError
from pairsmith.io.remote import StoragePath
from pairsmith.schema.reasons import DROPS, EXPLANATIONS, MENDS, Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import MARGIN, Form, Kind, Origin
from pairsmith.schema.splits import order_of
from pairsmith.sources.field_uses import Counts, Use
from pairsmith.sources.layouts import kind_of

NAME = "README.md"
HERE = "PATH_OR_NAME"
FIELD_BYTES = 65_536
"""At most this long are the card fields of a user, together."""

MOST_FIELDS = 60
"""At most this many fields of the source are told of."""

FIELD_NODES, FIELD_DEPTH = 1_000, 6
"""At most this many values, nested this deep; YAML makes very many out of a few lines."""
PARAGRAPHS = ("extra_gated_description", "extra_gated_prompt")
"""The fields that may have several lines."""

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

HUMAN_SHAPES = frozenset(
    {
        "arena", "arena-55k", "helpsteer2", "helpsteer3", "label-studio", "oasst",
        "shp", "stack-exchange", "summarize", "webgpt",
    }
)  # fmt: skip
"""Shapes of data whose comparisons are known to be judgements of persons."""

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
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"The card file {path} is not YAML: {error}.") from None
    if not isinstance(held, dict):
        raise RecipeError(f"The card file {path} holds no fields.", f"Fields: {_names()}.")
    return check_fields(held)


def check_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Checks the fields of a user, and returns them as they are.

    Raises:
        RecipeError: A field is unknown, of another type, too long, or missing beside another.
    """
    for name, value in fields.items():
        if name not in FIELDS:
            raise RecipeError(f"The card has no field {name!r} to set.", f"Fields: {_names()}.")
        if not isinstance(value, FIELDS[name]):
            raise RecipeError(f"The card field {name} is {value!r}.", f"Expected {_type(name)}.")
        if isinstance(value, str) and name not in PARAGRAPHS and "\n" in value.strip():
            raise RecipeError(f"The card field {name} has several lines.", "Expected one.")
    if fault := next(_faults(dict(fields), FIELD_NODES), None):
        raise RecipeError(f"The card fields hold {fault}.", "Expected texts, lists, mappings.")
    size = len(json.dumps(dict(fields)))
    if size > FIELD_BYTES:
        raise RecipeError(f"The card fields are {size:,} bytes long; {FIELD_BYTES:,} are taken.")
    if fields.get("license") == "other" and "license_name" not in fields:
        raise RecipeError("The licence `other` needs a license_name, and should have a link.")
    return dict(fields)


def _faults(value: Any, budget: int) -> Iterator[str]:
    """Why a value cannot be written both as YAML and as JSON; None where it can."""
    level = [value]
    for _ in range(FIELD_DEPTH):
        budget -= len(level)
        if budget < 0:
            yield f"more than {FIELD_NODES:,} values"
            return
        below: list[Any] = []
        for held in level:
            if isinstance(held, dict):
                below += [*held.keys(), *held.values()]
                if not all(isinstance(key, str) for key in held):
                    yield "a name that is not text"
            elif isinstance(held, list):
                below += held
            elif isinstance(held, str):
                if any(_steers(character) for character in held):
                    yield "a control character, or half of a surrogate pair"
            elif held is not None and not isinstance(held, bool):
                yield f"what is neither text, list nor mapping ({type(held).__name__})"
        level = below
    if level:
        yield "values too deep in each other"


def _steers(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"


def write_card(folder: StoragePath, manifest: Manifest) -> None:
    """Writes the card of a build."""
    (folder / NAME).write_text(card_text(manifest), encoding="utf-8", newline="\n")


def card_text(manifest: Manifest) -> str:
    """The card of a build, which the manifest alone decides."""
    import yaml

    matter = yaml.safe_dump(front_matter(manifest), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{matter}---\n\n{body(manifest)}"


def front_matter(manifest: Manifest) -> dict[str, Any]:
    """The card's fields; those of the recipe go before the defaults."""
    recipe = manifest.recipe
    kept = manifest.totals.kept
    defaults: dict[str, Any] = {
        "pretty_name": _title(recipe),
        "license": {Origin.HH: "mit", Origin.SAMPLE: "apache-2.0"}.get(recipe.origin),
        "language": None if recipe.origin == Origin.OTHER else ["en"],
        "size_categories": [next((name for limit, name in SIZES if kept < limit), "n>1M")],
        "tags": _tags(manifest),
    }
    fields = {**defaults, **recipe.card_fields, "configs": configs(manifest)}
    return {name: value for name, value in fields.items() if value is not None}


def body(manifest: Manifest) -> str:
    """The card's Markdown below the front matter."""
    recipe = manifest.recipe
    loadable = dict.fromkeys(entry.subset for entry in manifest.ledger if entry.kept)
    subsets = {kind: [name for name in loadable if kind_of(name) == kind] for kind in Kind}
    text = recipe.form == Form.TEXT
    return markdown_filler("pairsmith.dataset")(
        begin=card_prose.begin,
        end=card_prose.end,
        title=recipe.card_fields.get("pretty_name", _title(recipe)),
        version=manifest.pairsmith,
        here=HERE,
        model=_model(recipe),
        template=recipe.template,
        pairs=subsets[Kind.PAIRS],
        dialogues=subsets[Kind.DIALOGUES],
        text=text,
        persons=judged_by_persons(recipe),
        form_words=f"as text in the `{recipe.chat_format}` chat format" if text else "as messages",
        first_split=_first_split(manifest.ledger, subsets[Kind.PAIRS]),
        total=manifest.totals,
        ledger=manifest.ledger,
        fields=_named_fields(manifest.totals.fields),
        uses=[use.value for use in Use],
        reasons=list(manifest.totals.quarantined),
        words={reason.value: EXPLANATIONS[reason] for reason in Reason},
        notes=explain_notes(recipe),
        looks=recipe.looks,
        full=recipe.full,
        rich=recipe.full and not text,
        ids=_id_words(manifest),
        carried=_carried_words(recipe),
        applied=[tell_applied(applied) for applied in recipe.apply],
        recipe_judges=recipe.judges,
        recipe_weighs=recipe.weighs,
        dropped={DROPS[name].value: EXPLANATIONS[DROPS[name]] for name in recipe.drop},
        doubted=recipe.drop_doubted,
        labels=label_actions(recipe),
        mended={MENDS[kind].value: EXPLANATIONS[MENDS[kind]] for kind in recipe.mend},
        recipe=recipe.to_dict(),
        recipe_json=json.dumps(_shown(recipe), indent=2, ensure_ascii=False),
        origin=recipe.origin.value,
    )


@cache
def markdown_filler(package: str) -> Callable[..., str]:
    """Fills in `card.md` of a package: compiling it takes longer than all else of a card."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(  # noqa: S701  (Markdown, from our own template)
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string((resources.files(package) / "card.md").read_text("utf-8")).render


def judged_by_persons(recipe: Recipe) -> bool:
    """Whether the source says that persons preferred; scores and orders may be those of models."""
    return recipe.origin == Origin.HH or recipe.shape in HUMAN_SHAPES


def _id_words(manifest: Manifest) -> str:
    """What ids tell besides the row, as words that go on."""
    words = ""
    if len(manifest.inputs) > len(manifest.ledger):
        words += "; of several files of a split FILE-ROW, files from 0 by their paths"
    if manifest.totals.source_rows != manifest.totals.read:
        words += "; behind it, of a row of several comparisons, the comparison's number"
    return words


def _carried_words(recipe: Recipe) -> dict[str, str]:
    """The columns that go along with pairs, by names that can stand in a table, in words."""
    words = {}
    for field in recipe.pair_columns.carried:
        of_margin = field.name == MARGIN and recipe.margin is not None
        words[code_words(field.name).replace("|", "/")[:80]] = (
            "by how much the source says that `chosen` is better than `rejected`"
            if of_margin
            else "of the source, as it stands there; null where a row has none"
        )
    return words


def _named_fields(counts: Counts) -> Counts:
    """The first of the fields, by names that can stand in a table."""
    named = {code_words(path).replace("|", "/")[:80]: held for path, held in counts.items()}
    return dict(list(named.items())[:MOST_FIELDS])


def _first_split(ledger: Iterable[LedgerEntry], pairs: Iterable[str]) -> str:
    """The split of pairs to train on: train, or the only one there is."""
    splits = {entry.split for entry in ledger if entry.subset in pairs and entry.kept}
    return min(splits, key=order_of, default="test")


def _title(recipe: Recipe) -> str:
    name = {Origin.HH: "HH-RLHF", Origin.SAMPLE: "pairsmith sample"}.get(recipe.origin)
    form = f"in the {recipe.chat_format} format" if recipe.form == Form.TEXT else "as messages"
    return f"{name or 'Preference data'} {form}"


def _tags(manifest: Manifest) -> list[str]:
    tags = ["human-feedback", "rlhf", "preference", "dpo"]
    if any(kind_of(entry.subset) == Kind.DIALOGUES for entry in manifest.ledger):
        tags.append("red-teaming")
    name = manifest.recipe.chat_format
    return [*tags, name] if name in FAMILIES else tags


def _model(recipe: Recipe) -> str:
    """A model to name in the example."""
    name = recipe.chat_format
    model = FAMILIES[name].model if name in FAMILIES else name
    return model if re.fullmatch(r"[\w.-]+/[\w.-]+", model) else "YOUR_MODEL"


def _shown(recipe: Recipe) -> dict[str, Any]:
    """The recipe without the long parts of its template, which the manifest has."""
    held = recipe.to_dict()
    if held["template"]:
        held["template"] = {k: held["template"][k] for k in ("name", "sha256", "tokens", "date")}
    return held


def configs(manifest: Manifest) -> list[dict[str, Any]]:
    """The configs for `load_dataset`: all pairs by default, each subset by name.

    Splits of which nothing was kept are left out, since `datasets` opens none of the others
    beside one. Where nothing was kept at all they stay, so that it finds no file and says so,
    rather than taking some other file for the data.

    Each has the build's id as its description. `datasets` 3 to 5 keep what they have loaded under
    the name of the folder and a hash of the configs, in which there are patterns and no hashes of
    files: without it, rows of an earlier build, or of one in a folder of the same name elsewhere,
    would be loaded in place of these.
    """
    ledger = manifest.ledger
    filled = [entry for entry in ledger if entry.kept]
    places = [(entry.subset, entry.split) for entry in filled or ledger]
    pairs = [place for place in places if kind_of(place[0]) == Kind.PAIRS]
    held = {"default": pairs} if pairs else {}
    for place in places:
        held.setdefault(place[0], []).append(place)
    described = describe(build_id(manifest))
    return [
        {"config_name": name, "description": described, "data_files": _data_files(held[name])}
        for name in held
    ]


def build_id(manifest: Manifest) -> str:
    """An id that two builds share where their shards are the same bytes: 32 hexadecimal digits."""
    shards = sorted((o.path, o.sha256) for o in manifest.outputs if o.path.endswith(".parquet"))
    return content_id(shards)


def content_id(files: Iterable[tuple[str, str]]) -> str:
    """An id of files by their paths and the hashes of their bytes."""
    text = "".join(f"{sha256}  {path}\n" for path, sha256 in files)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def describe(id: str) -> str:
    """The description of a config that is known by this id."""
    return f"pairsmith {id}"


def are_configs(held: Any, manifest: Manifest) -> bool:
    """Whether the configs of a card are those of a build; until 0.2.0 they had no description."""
    wanted = configs(manifest)
    earlier = [{k: v for k, v in entry.items() if k != "description"} for entry in wanted]
    return held in (wanted, earlier)


def read_configs(folder: StoragePath) -> Any:
    """The `configs` of the card in a folder; None where it has none that can be read."""
    import yaml

    try:
        text = (folder / NAME).read_text(encoding="utf-8")
        _, matter, _ = re.split(r"^---\n", text, maxsplit=2, flags=re.MULTILINE)
        return yaml.safe_load(matter)["configs"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError, yaml.YAMLError):
        return None


def _data_files(places: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    patterns: dict[str, list[str]] = {}
    for subset, split in sorted(places, key=lambda place: order_of(place[1])):
        patterns.setdefault(split, []).append(f"{subset}/{split}-*.parquet")
    return [{"split": split, "path": paths} for split, paths in patterns.items()]


def _names() -> str:
    return ", ".join(FIELDS)


def _type(name: str) -> str:
    words = {str: "a text", list: "a list", dict: "a mapping", bool: "true or false"}
    held = FIELDS[name]
    return " or ".join(words[kind] for kind in (held if isinstance(held, tuple) else (held,)))
