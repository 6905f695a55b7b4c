"""Which template is meant: a built-in name, a file, a tokenizer's folder, or a hub id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pairsmith.chat_templates.builtin import FAMILIES, built_in, is_built_in
from pairsmith.chat_templates.sandbox import TemplateInfo
from pairsmith.errors import RecipeError
from pairsmith.schema.reasoning import marks_read
from pairsmith.schema.templates import Template

KNOWN = ", ".join(FAMILIES)
SOURCE_BYTES, FILE_BYTES = 1 << 20, 256 << 20

CONFIG, SOURCE, TOKENIZER, SPECIAL, ADDED = (
    "tokenizer_config.json",
    "chat_template.jinja",
    "tokenizer.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
"""The files of a tokenizer."""

MARK = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|<｜[^｜<>\s]{1,40}｜>|<</?[A-Z]{2,20}>>|\[/?[A-Z_]{2,30}\]"
)
"""Strings that are control text wherever a template holds them."""

TAG = re.compile(rf"{MARK.pattern}|</?[^<>\s/]{{1,40}}>")
"""The same, and what is control text if a template writes it around contents."""

Read: TypeAlias = Callable[[str], bytes | None]
"""From a tokenizer's file to its content; None where there is no such file."""


class LocatedTemplate(NamedTuple):
    """A template and where it came from, before its special tokens are checked.

    Attributes:
        template: The template.
        alone: Whether it came without a tokenizer, so that its special tokens are not known.
    """

    template: Template
    alone: bool = False


def locate_template(name: str, tokens: Mapping[str, str] | None = None) -> LocatedTemplate:
    """The template that a user names.

    Args:
        name: A built-in name, a `.jinja` file, a `tokenizer_config.json`, a tokenizer's folder,
            or a hub id such as `Qwen/Qwen3-8B`.
        tokens: Special tokens by name, such as `eos_token`, in place of those found.

    Raises:
        RecipeError: There is none, or it cannot be read.
    """
    if not name or "\0" in name:
        raise RecipeError(f"{name!r} names no template.", f"Built in: {KNOWN}.")
    path, alone = Path(name), False
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError as error:
        raise RecipeError(f"{name[:80]!r} names no template: {error.strerror}.") from None
    if name in FAMILIES:
        template = built_in(name)
    elif is_folder:
        template = _tokenizer(path.resolve().name, _reader(path))
    elif is_file and path.suffix == ".json":
        if path.name != CONFIG:
            raise RecipeError(f"{name} is not a {CONFIG}.", "Name that file, or its folder.")
        template = _tokenizer(path.resolve().parent.name, _reader(path.parent))
    elif is_file:
        alone = not (path.parent / CONFIG).is_file()
        read = (lambda _: None) if alone else _reader(path.parent)
        template = _template(path.name, _decode(_read_file(path) or b"", name), read)
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", name) and path.suffix != ".jinja":
        template = _tokenizer(name, _from_hub(name))
    else:
        raise RecipeError(
            f"There is no template called {name!r}, and no such file.",
            f"Built in: {KNOWN}. Or name a .jinja file, a tokenizer's folder, or a hub id.",
        )
    given = dict(tokens or {})
    strange = [token for token in given if not token.endswith("_token")]
    if strange:
        raise RecipeError(f"{strange[0]!r} names no special token.", "Write eos_token, bos_token.")
    template = replace(
        template,
        tokens=tuple(sorted({**dict(template.tokens), **given}.items())),
        control=tuple(dict.fromkeys([*template.control, *filter(None, given.values())])),
    )
    _check_unicode(template)
    return LocatedTemplate(template, alone)


def _check_unicode(template: Template) -> None:
    texts = (template.name, template.source, *template.control, *dict(template.tokens).values())
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise RecipeError(
            f"The template {template.name!a} or a token of it is not valid Unicode."
        ) from None


def complete_template(located: LocatedTemplate, info: TemplateInfo, day: date) -> Template:
    """Completes a template with the date, and checks that its special tokens are known.

    Args:
        located: The template.
        info: What its source shows.
        day: The date, for a template that asks for it.

    Raises:
        RecipeError: It needs a special token that is not known.
    """
    template = located.template
    required = ("bos_token", "eos_token") if located.alone else ()
    missing = [name for name in required if name in info.variables]
    missing = [name for name in missing if name not in dict(template.tokens)]
    if missing:
        options = " ".join(f"--token {name}='…'" for name in missing)
        raise RecipeError(
            f"The template {template.name} writes {' and '.join(missing)}, which a template alone "
            "does not tell.",
            f"Add {options}, or name the tokenizer's folder. (Empty, if it has none.)",
        )
    return replace(template, date=day.isoformat()) if info.dated else template


def add_control_text(template: Template, info: TemplateInfo, constants: Iterable[str]) -> Template:
    """The template with the control text that it shows, for one that is not built in.

    Marks of reasoning are none for a template that looks for them: contents may hold them.

    Args:
        template: The template.
        info: What its source shows.
        constants: What it writes around contents.
    """
    if is_built_in(template):
        return template
    marks = [m for text in info.texts for m in MARK.findall(text)]
    marks += [m for text in sorted(constants) for m in TAG.findall(text)]
    control, read = dict.fromkeys([*template.control, *marks]), marks_read(info.sought)
    kept = tuple(mark for mark in control if mark.strip() and mark not in read)
    return replace(template, control=kept)


def _tokenizer(name: str, read: Read) -> Template:
    """The template of a tokenizer.

    Raises:
        RecipeError: It has none.
    """
    config = _json(read, CONFIG, name)
    source = read(SOURCE)
    text = _decode(source, name) if source is not None else _default(config.get("chat_template"))
    if text is None:
        raise RecipeError(
            f"{name} has no chat template: neither {SOURCE}, nor chat_template in {CONFIG}.",
            f"Name a template by itself. Built in: {KNOWN}.",
        )
    return _template(name, text, read)


def _template(name: str, source: str, read: Read) -> Template:
    """A template with the tokens of the tokenizer beside it, if there is one."""
    if len(source) > SOURCE_BYTES:
        raise RecipeError(f"The template {name} is {len(source):,} characters long.")
    config, tokenizer = _json(read, CONFIG, name), _json(read, TOKENIZER, name)
    named = _json(read, SPECIAL, name)
    named |= {key: value for key, value in config.items() if value is not None}
    tokens = {key: _content(value) for key, value in named.items() if key.endswith("_token")}
    held = {key: text for key, text in tokens.items() if text}
    bos, added = held.get("bos_token", ""), _added(named, tokenizer, source, read, name)
    return Template(
        name=name,
        source=source,
        tokens=tuple(sorted(held.items())),
        control=tuple(dict.fromkeys([*held.values(), *added])),
        adds_bos=_adds_bos(config, tokenizer, bos),
    )


def _default(configured: Any) -> str | None:
    """A configuration's template; of several, the one called default."""
    if isinstance(configured, list):
        named = [entry for entry in configured if isinstance(entry, dict)]
        configured = next((e.get("template") for e in named if e.get("name") == "default"), None)
    return configured if isinstance(configured, str) else None


def _content(token: Any) -> str | None:
    """A token's text, however it is written down."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else None


def _added(
    config: dict[str, Any], tokenizer: dict[str, Any], source: str, read: Read, name: str
) -> Iterable[str]:
    """Tokens that are read from text as ids: the special ones, and others that the template has."""
    for key in ("additional_special_tokens", "extra_special_tokens"):
        further = config.get(key)
        further = list(further.values()) if isinstance(further, dict) else further
        yield from filter(None, map(_content, further if isinstance(further, list) else []))
    yield from (token for token in _json(read, ADDED, name) if token in source)
    decoder = config.get("added_tokens_decoder")
    entries = list(decoder.values()) if isinstance(decoder, dict) else []
    added = tokenizer.get("added_tokens")
    entries += added if isinstance(added, list) else []
    for entry in entries:
        text = _content(entry) if isinstance(entry, dict) else None
        if text and (entry.get("special") or text in source):
            yield text


def _adds_bos(config: dict[str, Any], tokenizer: dict[str, Any], bos: str) -> bool:
    """Whether the tokenizer puts the beginning-of-sequence token in front; true if unknown.

    Where there is a `tokenizer.json`, its post-processor decides, whatever the configuration
    says.
    """
    if not tokenizer:
        return bool(config.get("add_bos_token", True))
    processor = tokenizer.get("post_processor")
    held = processor if isinstance(processor, dict) else {}
    steps = held.get("processors") or [held]
    return any(_first_token(step) == bos for step in steps if isinstance(step, dict)) and bool(bos)


def _first_token(step: dict[str, Any]) -> str | None:
    """What a post-processor puts in front of a text: a template's first piece, or BERT's `cls`."""
    single, cls = step.get("single"), step.get("cls")
    if isinstance(cls, list) and cls and isinstance(cls[0], str):
        return cls[0]
    first = single[0] if isinstance(single, list) and single else None
    special = first.get("SpecialToken") if isinstance(first, dict) else None
    held = special.get("id") if isinstance(special, dict) else None
    return held if isinstance(held, str) else None


def _json(read: Read, file: str, name: str) -> dict[str, Any]:
    """A tokenizer's file as an object; empty where it has no such file."""
    content = read(file)
    if content is None:
        return {}
    try:
        fields = json.loads(_decode(content, f"{name}: {file}"))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{file} of {name} is not JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise RecipeError(f"{file} of {name} holds no fields.")
    return fields


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise RecipeError(f"The template {name} is not UTF-8 text.") from None


def _reader(folder: Path) -> Read:
    return lambda file: _read_file(folder / file)


def _read_file(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > FILE_BYTES:
            raise RecipeError(f"{path} is longer than {FILE_BYTES:,} bytes.")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}.") from None


def _from_hub(name: str) -> Read:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    def read(file: str) -> bytes | None:
        try:
            return _read_file(Path(hf_hub_download(name, file)))
        except LocalEntryNotFoundError:
            fault = "it is not in the local cache, and the hub cannot be reached"
        except EntryNotFoundError:
            return None
        except (HfHubHTTPError, OSError, ValueError) as error:
            fault = str(error).strip().partition("\n")[0].rstrip(".")
        raise RecipeError(
            f"{name} is no built-in template and no file, and as a hub id: {fault}.",
            f"Built in: {KNOWN}.",
        )

    return read
