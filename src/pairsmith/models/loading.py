"""Models loaded from a folder, without running code that comes with them, and proved to fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pairsmith.errors import ModelError
from pairsmith.extras import require
from pairsmith.models.devices import choose_device, choose_dtype
from pairsmith.models.folders import find_model, hash_files, identity_of
from pairsmith.models.pads import make_pad_distinct
from pairsmith.models.run_folder import read_proved_run
from pairsmith.models.settings import read_settings
from pairsmith.models.weights import load_weights
from pairsmith.schema.rows import Form
from pairsmith.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pairsmith.schema.templates import Template

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
    config = read_settings(folder, name)
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
        load_weights(folder, name, config, dtype=choose_dtype(dtype))
        .to(choose_device(device))
        .eval(),
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
    config = read_settings(folder, name)
    trained = any(kind.endswith(CLASSIFIER) for kind in config.architectures or [])
    if trained and config.num_labels != 1:
        raise ModelError(
            f"{name} has {config.num_labels} labels, and a preference model has one.",
            "Name the model that it was made from, or another.",
        )
    config.num_labels = 1
    tokenizer = load_tokenizer(str(folder), form)
    set_seed(seed)
    model = load_weights(folder, name, config, dtype=choose_dtype(dtype), headed=trained)
    check_vocabulary(model, tokenizer, name)
    remark = make_pad_distinct(model, tokenizer)
    return Scorer(model, tokenizer, name, identity_of(hashes), form, None, "cpu", remark)


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
