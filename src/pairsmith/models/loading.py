"""Models loaded from a folder, without running code that comes with them, and proved to fit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.errors import ModelError
from pairsmith.extras import require
from pairsmith.models.devices import choose_device, choose_dtype
from pairsmith.models.folders import find_model, hash_files, identity_of
from pairsmith.models.pads import make_pad_distinct
from pairsmith.models.run_folder import read_proved_run
from pairsmith.schema.rows import Form
from pairsmith.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pairsmith.schema.templates import Template

MOST_BYTES = 16 << 20
"""Of a model's settings."""

MOST_LAYERS, MOST_PARTS = 4_096, 65_536
"""More than models have: of layers, and of what else settings count (`num_…`)."""

CLASSIFIER = "ForSequenceClassification"
"""How the class of a model with a score for a whole text ends."""


class Scorer(NamedTuple):
    """A preference model: from a text to a number.

    Attributes:
        model: It has one label; in evaluation mode.
        tokenizer: Its own; pads with a token that is neither BOS nor EOS.
        name: As it was named.
        sha256: Of the files that decide a score; see `models.folders`.
        form: Of the rows that it was trained on; None where nothing tells.
        template: Of those rows, if they were text; None where nothing tells.
        device: Where it computes.
        remark: What was changed to make it usable, a sentence; empty if nothing.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str
    sha256: str
    form: Form | None
    template: Template | None
    device: str
    remark: str = ""


def load_scorer(
    name: str, form: Form | None = None, *, device: str = "auto", dtype: str = "auto"
) -> Scorer:
    """Loads a trained preference model.

    Args:
        name: A run's folder, another model's, or an id on the hub.
        form: Of the rows to be scored; None for that which it was trained on, or else messages.
        device: As torch names it; `auto` for a GPU where there is one.
        dtype: Of the weights; `auto` for float32.

    Raises:
        ModelError: It is none, has no score or several, or does not fit its tokenizer.
        TokenizerError: Its tokenizer cannot do what the form wants.
    """
    require("train", "A model needs")
    folder = find_model(name)
    hashes = hash_files(folder)
    run = read_proved_run(folder, hashes, name)
    config = _read_config(folder, name)
    kinds = config.architectures or []
    if not any(kind.endswith(CLASSIFIER) for kind in kinds):
        raise ModelError(
            f"{name} gives no scores: it is a {', '.join(kinds) or 'model of no known class'}.",
            "Name a model with a score head; pairsmith train reward makes one.",
        )
    if config.num_labels != 1:
        raise ModelError(
            f"{name} has {config.num_labels} labels, and a score is one number.",
            "Name a preference model, which has one label.",
        )
    known = form or (run.form if run else Form.MESSAGES)
    tokenizer = load_tokenizer(str(folder), known)
    scorer = Scorer(
        _load(folder, name, config, choose_dtype(dtype), True).to(choose_device(device)).eval(),
        tokenizer,
        name,
        identity_of(hashes),
        run.form if run else None,
        run.template if run else None,
        choose_device(device),
    )
    check_vocabulary(scorer.model, tokenizer, name)
    return scorer._replace(remark=make_pad_distinct(scorer.model, tokenizer))


def load_for_training(name: str, form: Form, *, seed: int, dtype: str = "auto") -> Scorer:
    """Loads a model to be trained as a preference model, with a head of one label.

    A head that is new is initialised from the seed. The model stays on the CPU: a trainer moves it.

    Args:
        name: A causal model's folder or that of a classifier with one label, or an id on the hub.
        form: Of the rows that it is to learn from.
        seed: For the head.
        dtype: Of the weights; `auto` for float32.

    Raises:
        ModelError: It cannot be loaded, has several labels, or does not fit its tokenizer.
        TokenizerError: Its tokenizer cannot do what the form wants.
    """
    require("train", "Training needs")
    from transformers import set_seed

    folder = find_model(name)
    hashes = hash_files(folder)
    read_proved_run(folder, hashes, name)
    config = _read_config(folder, name)
    trained = any(kind.endswith(CLASSIFIER) for kind in config.architectures or [])
    if trained and config.num_labels != 1:
        raise ModelError(
            f"{name} has {config.num_labels} labels, and a preference model has one.",
            "Name the model that it was made from, or another.",
        )
    config.num_labels = 1
    tokenizer = load_tokenizer(str(folder), form)
    set_seed(seed)
    model = _load(folder, name, config, choose_dtype(dtype), trained)
    check_vocabulary(model, tokenizer, name)
    remark = make_pad_distinct(model, tokenizer)
    return Scorer(model, tokenizer, name, identity_of(hashes), form, None, "cpu", remark)


def _read_config(folder: Path, name: str) -> Any:
    """The settings of a model.

    Raises:
        ModelError: They cannot be read, are of a wrong type, or tell more parts than models have.
    """
    from transformers import AutoConfig

    try:
        _check_told(_read_json(folder / "config.json"))
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        _check_types(config)
    except Exception as error:  # a field of a wrong type is of no kind that is common to all
        raise ModelError(
            f"The settings of {name} cannot be read: {_first_line(error)}.",
            "Is its config.json whole?",
        ) from error
    return config


def _read_json(path: Path) -> Any:
    """A small file of JSON.

    Raises:
        ValueError: It is too long, or no JSON.
    """
    with path.open("rb") as file:
        held = file.read(MOST_BYTES + 1)
    if len(held) > MOST_BYTES:
        raise ValueError(f"{path.name} is longer than {MOST_BYTES >> 20} MiB")
    return json.loads(held)


def _check_told(held: Any) -> None:
    """Checks that settings tell no more parts than models have, each of which is made at once.

    Nor a kind of attention or of another part that would be fetched from the hub: it is code.

    Raises:
        ValueError: They do.
    """
    for key, value in held.items() if isinstance(held, dict) else ():
        _check_told(value)
        if key.endswith("_implementation") and "/" in json.dumps(value):
            raise ValueError(f"{key} names code on a hub, which is not run")
        most = MOST_LAYERS if "layer" in key else MOST_PARTS if key.startswith("num_") else None
        if most is not None and isinstance(value, int) and value > most:
            raise ValueError(f"{key} is more than {most:,}")


def _check_types(config: Any) -> None:
    """Checks what is read of settings here and where texts are measured.

    Raises:
        TypeError: It is of a wrong type.
    """
    kinds = config.architectures
    if kinds is not None and not (
        isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)
    ):
        raise TypeError("architectures is no list of names")
    for one in (config, config.get_text_config()):
        most = getattr(one, "max_position_embeddings", None)
        if most is not None and (type(most) is not int or most < 1):
            raise TypeError("max_position_embeddings is no number of tokens")


def _load(folder: Path, name: str, config: Any, dtype: str, headed: bool) -> PreTrainedModel:
    """The model with its score head, on the CPU; `headed` says whether the folder holds one."""
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging

    if not list(folder.glob("*.safetensors")):
        raise ModelError(
            f"{name} has no weights as safetensors.",
            "Pickle is not opened, for it can run code. Save it anew by save_pretrained.",
        )
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # it says that the head is new, and we know
    logging.disable_progress_bar()
    try:
        model, found = AutoModelForSequenceClassification.from_pretrained(
            folder,
            config=config,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # of any kind: settings that do not fit reach into its every part
        said = _first_line(error)
        if "mismatched" in said:  # by a table on the screen, which would be wider than it
            said = "its weights have other shapes than its config.json tells"
        raise ModelError(f"{name} cannot be loaded: {said}.") from error
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    _check_whole(model, found["missing_keys"], name, headed)
    loaded: PreTrainedModel = model
    return loaded


def _check_whole(model: Any, missing: Iterable[str], name: str, headed: bool) -> None:
    """Checks that the weights were there: transformers draw those at random that are not.

    Args:
        model: The model.
        missing: The names of weights that were drawn.
        name: What to call it.
        headed: Whether it should have come with a head; else that may be new, and a pooler, which
            language models have none of.

    Raises:
        ModelError: One that should have been there was not.
    """
    body = f"{model.base_model_prefix}."
    new = sorted(
        key for key in missing if headed or (key.startswith(body) and ".pooler." not in key)
    )
    if new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        raise ModelError(
            f"{name} is not whole: its weights lack {new[0]}{more}.",
            "Those would be drawn at random. Save it anew by save_pretrained.",
        )


def check_vocabulary(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Checks that a model has an embedding for every token that its tokenizer makes.

    Raises:
        ModelError: It has too few; that of padding, which may be made, is left aside.
    """
    rows = int(model.get_input_embeddings().weight.shape[0])
    ids = tokenizer.get_vocab().values()
    highest = max((id for id in ids if id != tokenizer.pad_token_id), default=-1)
    if highest >= rows:
        raise ModelError(
            f"The tokenizer of {name} makes ids up to {highest}, and the model has {rows} tokens.",
            "Does the tokenizer belong to another model?",
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .:")
