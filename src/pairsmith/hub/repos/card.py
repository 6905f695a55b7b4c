"""Cards of datasets and models: the front matter of a README.md and what it says.

A card is text of others. Whatever is wrong with it is told in a sentence (`Card.fault`), and what
comes out holds only what JSON has: mappings with text keys, lists, text, numbers, true, false and
null. Keys follow https://huggingface.co/docs/hub/datasets-cards.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent, Event, NodeEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pairsmith.hub.repos.markdown import resolve

if TYPE_CHECKING:
    from yaml import SafeLoader
else:  # ten times as fast, where PyYAML came with it
    SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

log = logging.getLogger("pairsmith.hub")

NAME = "README.md"
FENCE = "---"
MAX_BYTES = 1 << 20  # bytes of a card that are read; the rest of a longer one is left out
MAX_FRONT_MATTER_CHARS = 1 << 17  # characters of a front matter
MAX_VALUES = 20_000  # values in it, those that aliases repeat counted each time
MAX_VALUE_CHARS = 1 << 18  # characters of them, counted the same way
MAX_DEPTH = 50
MAX_NUMBER = 1 << 63
MAX_NUMBER_CHARS = 1_000  # in which a number is written; one to the base of 60 takes quadratic time
FACETS = (  # keys whose values are tags, `key:value`, as the public hub has them
    "task_categories", "task_ids", "language", "license", "size_categories", "annotations_creators",
    "language_creators", "multilinguality", "source_datasets", "modality",
)  # fmt: skip
MODEL_TAGS = ("library_name", "pipeline_tag")  # keys of a model's card whose values are tags
MODEL_FACETS = (("datasets", "dataset"), ("base_model", "base_model"))
TEXTS = (
    "library_name", "pipeline_tag",
    "pretty_name", "license_name", "license_link", "extra_gated_heading", "extra_gated_prompt",
    "extra_gated_description", "extra_gated_button_content",
)  # fmt: skip
LISTS = ("tags", "datasets", "base_model", *FACETS)


@dataclass(frozen=True)
class Card:
    """What a card says, in its front matter.

    Attributes:
        data: The front matter; empty where there is none, or where it is broken.
        fault: What is wrong with the front matter, in a sentence; None where nothing is.
    """

    data: dict[str, object] = field(default_factory=dict)
    fault: str | None = None


class Licence(NamedTuple):
    """A licence as a card names it. `link` is '' where the card gives none."""

    name: str
    link: str


class Config(NamedTuple):
    """A subset, as `configs:` lists it.

    Attributes:
        name: What `load_dataset` knows it by.
        splits: Each split and the patterns of its files, in order; empty where `folder` is all
            that is said.
        default: Whether it is the one that is loaded where none is named.
        folder: The `data_dir`, or ''. The patterns have it in front already.
    """

    name: str
    splits: list[tuple[str, list[str]]]
    default: bool = False
    folder: str = ""


def load(path: Path, sha256: str) -> str:
    """The text of a card from its file; '' where that is lost, or is not what its hash says."""
    try:
        with path.open("rb") as content:
            data = content.read(MAX_BYTES + 1)
    except FileNotFoundError:  # a damaged hub; the list of all datasets is to show the others
        data = b""
    if len(data) <= MAX_BYTES and hashlib.sha256(data).hexdigest() != sha256:
        log.warning("The content %s of a card is lost; see pairsmith hub verify.", sha256)
        return ""
    return data[:MAX_BYTES].decode("utf-8", "replace")


def split(text: str) -> tuple[str | None, str]:
    """The front matter of a card, without its fences, and the body; None where it has none."""
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].rstrip() != FENCE:
        return None, text
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    return None, text


def read(text: str) -> Card:
    """Reads a card, in some tenths of a second; never raises for what is in it.

    What is served is read in a worker, once: see `hub/repos/readme.py`.
    """
    front, _ = split(text)
    return Card() if front is None else read_front(front)


def read_front(front: str) -> Card:
    """The same of a front matter alone."""
    try:
        loaded = _load(front)
    except CardError as error:
        return Card(fault=str(error))
    if loaded is None:
        return Card()
    if not isinstance(loaded, dict):
        return Card(fault="The front matter is not a mapping of keys to values.")
    return Card(loaded)


def validate(text: str) -> list[str]:
    """What is wrong with a card, in sentences; empty where nothing is."""
    card = read(text)
    return [card.fault] if card.fault else list(_wrong_types(card.data))


def licence(card: Card, base: str = "", revision: str = "main") -> Licence:
    """The licence that a card names: that of `license`, or of `license_name` where it is `other`.

    Args:
        card: The card.
        base: The path of the repository's page, which a relative `license_link` begins from.
        revision: The revision whose files are meant.
    """
    names = _texts(card.data.get("license"))
    other = _text(card.data.get("license_name"))
    name = other if other and names in ([], ["other"]) else ", ".join(names)
    link = resolve(_text(card.data.get("license_link")), f"{base}/blob/{revision}/")
    return Licence(name, link if link and _text(card.data.get("license_link")) else "")


def tags(card: Card) -> list[str]:
    """The tags of a card, as the public hub lists them: `language:en`, …, then its own.

    Those of a model have its library and its task among them, and what it was made of and from:
    `dataset:…`, `base_model:…`.
    """
    data = card.data
    facets = [f"{key}:{value}" for key in FACETS for value in _texts(data.get(key))]
    made = [f"{tag}:{value}" for key, tag in MODEL_FACETS for value in _texts(data.get(key))]
    plain = [value for key in MODEL_TAGS for value in _texts(data.get(key))]
    return list(dict.fromkeys(plain + facets + made + _texts(data.get("tags"))))


def searched_tags(card: Card) -> list[str]:
    """The tags by which it is found: a model's library and task are told with their keys too."""
    keyed = [f"{key}:{value}" for key in MODEL_TAGS for value in _texts(card.data.get(key))]
    return tags(card) + keyed


def configs(card: Card) -> list[Config]:
    """The subsets that a card lists, in its order; entries that cannot be one are left out."""
    entries = card.data.get("configs")
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list):
        return []
    return [_config(entry) for entry in entries if isinstance(entry, dict)]


class CardError(ValueError):
    """A front matter that cannot be read; the message says why."""


class _Loader(SafeLoader):
    """YAML as JSON would have it: dates stay the text that they are."""


_Loader.yaml_implicit_resolvers = {
    letter: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
    for letter, entries in SafeLoader.yaml_implicit_resolvers.items()
}


def _load(front: str) -> object:
    if len(front) > MAX_FRONT_MATTER_CHARS:
        raise CardError(f"The front matter is longer than {MAX_FRONT_MATTER_CHARS:,} characters.")
    try:
        _count(yaml.parse(front, Loader=_Loader))
        loader = _Loader(front)
        node = loader.get_single_node()
        if node is None:
            return None
        _weigh(node)
        return _plain(loader.construct_document(node))
    except CardError:
        raise
    except yaml.MarkedYAMLError as error:
        raise CardError(_sentence(error)) from error
    except Exception as error:  # PyYAML has no name for `!!int ''` and the like
        raise CardError("The front matter is not YAML: a value in it cannot be read.") from error


def _sentence(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    # the fence is line 1, and marks count from 0
    where = f" in line {mark.line + 2}, column {mark.column + 1}" if mark else ""
    return f"The front matter is not YAML: {error.problem or error.context}{where}."


TOO_DEEP = f"The front matter is nested deeper than {MAX_DEPTH} levels."
TOO_MANY = f"The front matter has more than {MAX_VALUES:,} values, aliases counted."
TOO_LONG = f"The front matter has more than {MAX_VALUE_CHARS:,} characters, aliases counted."


def _count(events: Iterator[Event]) -> None:
    """Checks how much there is and how deep it goes, before nodes are made of it.

    Raises:
        CardError: It is too much, or too deep.
    """
    values = depth = 0
    for event in events:
        values += isinstance(event, NodeEvent)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise CardError(TOO_DEEP)
        if values > MAX_VALUES:
            raise CardError(TOO_MANY)


def _weigh(top: Node) -> None:
    """Checks that aliases do not make very much out of a few lines, before it is made.

    Raises:
        CardError: Where they do, or where a value holds itself.
    """
    weights: dict[int, tuple[int, int]] = {}

    def weight(node: Node, depth: int) -> tuple[int, int]:
        """The values in a node, itself among them, and their characters."""
        if depth > MAX_DEPTH:
            raise CardError(TOO_DEEP)
        if id(node) not in weights:
            inner = [weight(child, depth + 1) for child in _children(node)]
            own = _length(node) if isinstance(node, ScalarNode) else 0
            weights[id(node)] = (1 + sum(w[0] for w in inner), own + sum(w[1] for w in inner))
        return weights[id(node)]

    values, length = weight(top, 0)
    if values > MAX_VALUES:
        raise CardError(TOO_MANY)
    if length > MAX_VALUE_CHARS:
        raise CardError(TOO_LONG)


def _length(scalar: ScalarNode) -> int:
    """The characters of a value.

    Raises:
        CardError: It is a number, and a very long one.
    """
    if len(scalar.value) > MAX_NUMBER_CHARS and scalar.tag.endswith((":int", ":float")):
        raise CardError(f"A number in it is longer than {MAX_NUMBER_CHARS:,} characters.")
    return len(scalar.value)


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _plain(value: object) -> object:
    """A value as JSON has it; what JSON has not becomes text."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int):
        return value if abs(value) < MAX_NUMBER else hex(value)
    # half a pair of surrogates, which YAML can write, is no text that can be sent
    return str(value).encode("utf-8", "replace").decode()


def _config(entry: Mapping[str, object]) -> Config:
    folder = _text(entry.get("data_dir")).strip("/")
    lead = f"{folder}/" if folder else ""
    splits = [
        (name, [lead + pattern for pattern in patterns])
        for name, patterns in _splits(entry.get("data_files"))
    ]
    name = _text(entry.get("config_name")) or "default"
    return Config(name, splits, entry.get("default") is True, folder)


def _splits(data_files: object) -> list[tuple[str, list[str]]]:
    """`data_files` in each form that `datasets` takes, as splits and their patterns."""
    if isinstance(data_files, str):
        return [("train", [data_files])]
    if isinstance(data_files, dict):
        return [(name, _texts(patterns)) for name, patterns in data_files.items()]
    if not isinstance(data_files, list):
        return []
    named = [entry for entry in data_files if isinstance(entry, dict)]
    if not named:
        return [("train", _texts(data_files))] if data_files else []
    return [(_text(entry.get("split")) or "train", _texts(entry.get("path"))) for entry in named]


def _wrong_types(data: Mapping[str, object]) -> Iterator[str]:
    for key in TEXTS:
        if not isinstance(data.get(key), str | None):
            yield f'"{key}" must be text.'
    for key in LISTS:
        value = data.get(key)
        inner = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(entry, str) for entry in inner):
            yield f'"{key}" must be text, or a list of texts.'
    if not isinstance(data.get("extra_gated_fields"), dict | None):
        yield '"extra_gated_fields" must be a mapping of labels to kinds of field.'
    yield from _wrong_configs(data.get("configs"))


def _wrong_configs(entries: object) -> Iterator[str]:
    if entries is None:
        return
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        yield '"configs" must be a list of mappings.'
        return
    for number, entry in enumerate(entries):
        if not isinstance(entry.get("config_name"), str):
            yield f'"configs[{number}].config_name" must be text.'
        if not isinstance(entry.get("data_files"), str | list | dict | None):
            yield f'"configs[{number}].data_files" must be text, a list or a mapping.'


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    """One text, or the texts of a list."""
    if isinstance(value, str):
        return [value] if value else []
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
