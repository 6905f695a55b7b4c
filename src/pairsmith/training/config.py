"""The settings of a training: read from YAML, checked by the trainer's own types, written back.

A file's fields are the options of pairsmith's and any field of the trainer's own configuration but
those that pairsmith sets itself. A file that a run wrote can be given to another one.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pairsmith.errors import RecipeError
from pairsmith.io.yaml_events import bounded_events

FILE_BYTES, MOST_EVENTS = 65_536, 20_000
"""Largest file of settings in bytes, and most parts of it."""

WORD = 64
"""At most this many bits has a whole number in it."""

TEXT = 1_000
"""At most this many characters has a text in it."""

SHORT = {
    "model": "model_name_or_path", "lora": "use_peft", "peft": "use_peft", "lr": "learning_rate",
    "epochs": "num_train_epochs", "batch_size": "per_device_train_batch_size", "steps": "max_steps",
    "subsets": "subset", "warmup_ratio": "warmup_steps", "output": "output_dir",
}  # fmt: skip
"""What fields are called elsewhere."""

OWN = frozenset(
    {
        "output_dir", "overwrite_output_dir", "do_train", "do_eval", "do_predict",
        "resume_from_checkpoint", "push_to_hub", "trust_remote_code", "remove_unused_columns",
        "label_names", "model_init_kwargs", "chat_template_path", "eos_token", "pad_token",
        "dataset_num_proc", "load_best_model_at_end", "metric_for_best_model",
        "greater_is_better", "save_only_model", "save_strategy", "logging_strategy",
        "ignore_data_skip", "restore_callback_states_from_checkpoint", "disable_tqdm",
        "auto_find_batch_size", "logging_nan_inf_filter", "logging_dir", "log_level",
        "batch_eval_metrics", "prediction_loss_only", "include_for_metrics",
        "train_sampling_strategy", "length_column_name", "enable_jit_checkpoint",
        "label_smoothing_factor", "padding_free", "sync_ref_model", "ref_model_mixup_alpha",
        "ref_model_sync_steps",
    }
)  # fmt: skip
"""Fields of the trainer's that are not to be set, besides those of evaluation and of the hub."""

OWN_BEGINNINGS = ("eval_", "hub_", "per_device_eval", "per_gpu", "push_to", "include_")


def read_config(path: Path) -> dict[str, Any]:
    """Reads settings from a YAML file.

    Raises:
        RecipeError: It cannot be read, is too long, is not YAML, or holds no mapping.
    """
    import yaml

    try:
        with path.open("rb") as file:
            held = file.read(FILE_BYTES + 1)
        if len(held) > FILE_BYTES:
            raise RecipeError(f"The settings in {path} are longer than {FILE_BYTES:,} bytes.")
        text = held.decode("utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in bounded_events(text, MOST_EVENTS)):
            raise RecipeError(  # a few of them can stand for more than a memory holds
                f"The settings in {path} name a part of themselves again, as *name.",
                "Write it out.",
            )
        fields = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"The settings in {path} cannot be read: {error}.") from None
    except (yaml.YAMLError, ValueError, ArithmeticError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise RecipeError(f"The settings in {path} are not YAML: {said}.") from None
    if fields is None:
        return {}
    if not isinstance(fields, dict) or not all(isinstance(name, str) for name in fields):
        raise RecipeError(
            f"The settings in {path} are no fields with names.", "Write learning_rate: 1e-5."
        )
    for name, value in fields.items():
        if not _is_plain(name) or not _is_plain(value):
            raise RecipeError(
                f"The settings in {path} hold under {_shown(name)} what JSON does not.",
                "Write numbers, texts, lists, and fields with names.",
            )
    return fields


def _is_plain(value: Any) -> bool:
    """Whether JSON can hold a value, and tell it from others: no date, NaN or half a character."""
    if isinstance(value, dict):
        return all(isinstance(one, str) and _is_plain(one) for one in value) and all(
            map(_is_plain, value.values())
        )
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, str):
        return not any("\ud800" <= one <= "\udfff" for one in value)
    if isinstance(value, int):
        return value.bit_length() <= WORD
    return value is None or (isinstance(value, float) and math.isfinite(value))


def check_settings(
    fields: Mapping[str, Any], types: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """Checks settings by the types of the fields, and brings numbers to them.

    Args:
        fields: The settings by name.
        types: The type of every field that there is.
        where: Who names them, as a sentence begins.

    Returns:
        The settings, `1e-5`, which YAML takes for a text, as a number.

    Raises:
        RecipeError: A field is unknown, is not to be set, or is of another type.
    """
    settled: dict[str, Any] = {}
    for name, value in fields.items():
        if name in OWN or name.startswith(OWN_BEGINNINGS):
            raise RecipeError(f"{where} sets {name}, which pairsmith sets itself.", "Leave it out.")
        if name not in types:
            raise RecipeError(
                f"{where} has a field {_shown(name)}, which is none.", nearest(name, types)
            )
        found = _as(value, types[name])
        if found is _NO:
            raise RecipeError(
                f"{where} sets {name} to {_shown(value)}.", f"Expected {_words(types[name])}."
            )
        settled[name] = found
    return settled


def nearest(name: str, known: Collection[str]) -> str:
    """A sentence on the field that may be meant."""
    named = SHORT.get(name.lower())
    close = difflib.get_close_matches(name, [held for held in known if held not in OWN], 1, 0.6)
    meant = named if named in known else next(iter(close), None)
    if meant is None:
        return "docs/reference/training.md lists the fields."
    return f"Did you mean {meant}?"


class _No:
    """No value of the type."""


_NO = _No()


def _as(value: Any, kind: Any) -> Any:
    """A value as one of a type; `_NO` where it is none."""
    if kind is Any:
        return value
    if get_origin(kind) in (Union, UnionType):
        kinds = sorted(get_args(kind), key=lambda one: one is str)  # "1e-5" for a float or a text
        found = (_as(value, one) for one in kinds)
        return next((one for one in found if one is not _NO), _NO)
    base = get_origin(kind) or kind
    if base is NoneType:
        return None if value is None else _NO
    if base is bool:
        return value if isinstance(value, bool) else _NO
    if base is int:
        return value if isinstance(value, int) and not isinstance(value, bool) else _NO
    if base is float:
        return _number(value)
    if base in (list, Iterable) or (isinstance(base, type) and issubclass(base, Iterable)):
        return _held(value, base, next(iter(get_args(kind)), str))
    return _NO if isinstance(value, dict | list) else str(value)[:TEXT]  # an enumeration's word


def _held(value: Any, base: Any, each: Any) -> Any:
    if issubclass(base, str):  # an enumeration of words, too
        return value if isinstance(value, str) and len(value) <= TEXT else _NO
    if issubclass(base, dict):
        return dict(value) if isinstance(value, Mapping) else _NO
    if each in (int, float):
        numbers = [_as(one, each) for one in (value if isinstance(value, list | tuple) else [_NO])]
        return _NO if _NO in numbers else numbers
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return list(value)
    return _NO


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return _NO
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return _NO
    return number if math.isfinite(number) else _NO


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _words(kind: Any) -> str:
    """A type as people write it."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    names = {
        bool: "true or false", int: "a whole number", float: "a number", str: "a text",
        dict: "fields", NoneType: "null",
    }  # fmt: skip
    said = [names.get(get_origin(one) or one, "a list or a word") for one in kinds]
    return " or ".join(dict.fromkeys(said))


def write_config(settings: Mapping[str, Any]) -> str:
    """Settings as a YAML file holds them."""
    import yaml

    return str(yaml.safe_dump(dict(settings), sort_keys=True, allow_unicode=True))
