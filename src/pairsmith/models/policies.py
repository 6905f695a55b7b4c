"""Policies: models that write replies, loaded as preference models are, to be trained or asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pairsmith.errors import ModelError
from pairsmith.extras import require
from pairsmith.models.devices import choose_device, choose_dtype
from pairsmith.models.folders import find_model, hash_files, identity_of
from pairsmith.models.generation_settings import FILE
from pairsmith.models.loading import CLASSIFIER, check_vocabulary
from pairsmith.models.run_folder import read_proved_run
from pairsmith.models.settings import read_settings
from pairsmith.models.weights import load_weights
from pairsmith.schema.rows import Form
from pairsmith.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from pairsmith.schema.templates import Template


class Policy(NamedTuple):
    """A model that writes replies.

    Attributes:
        model: A causal language model, in evaluation mode.
        tokenizer: Its own; pads with EOS where it has no padding token.
        name: As it was named.
        sha256: Of the files that decide what it writes; see `models.folders`.
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


def load_policy(
    name: str, form: Form | None = None, *, device: str = "auto", dtype: str = "auto"
) -> Policy:
    """Loads a model that writes replies.

    Args:
        name: A run's folder, another model's, or an id on the hub.
        form: Of the rows that it is trained on or asked with; None for that which it was trained
            on, or else messages.
        device: As torch names it; `auto` for a GPU where there is one. A trainer moves it: `cpu`.
        dtype: Of the weights; `auto` for float32.

    Raises:
        ModelError: It cannot be loaded, gives scores in place of replies, or does not fit its
            tokenizer.
        TokenizerError: Its tokenizer cannot do what the form wants.
    """
    require("train", "A model needs")
    folder = find_model(name)
    hashes = hash_files(folder)
    run = read_proved_run(folder, hashes, name)
    config = read_settings(folder, name)
    if any(kind.endswith(CLASSIFIER) for kind in config.architectures or []):
        raise ModelError(
            f"{name} gives scores, and writes no replies.",
            "Name a causal model; a preference model is named by --reward, --score or --watch.",
        )
    tokenizer = load_tokenizer(str(folder), form or (run.form if run else Form.MESSAGES))
    model = load_weights(folder, name, config, dtype=choose_dtype(dtype), score=False)
    check_vocabulary(model, tokenizer, name)
    _check_generation(model, name)
    return Policy(
        model.to(choose_device(device)).eval(),
        tokenizer,
        name,
        identity_of(hashes),
        run.form if run else None,
        run.template if run else None,
        choose_device(device),
    )


def _check_generation(model: PreTrainedModel, name: str) -> None:
    """Checks the settings for generation, which every checkpoint of a training is written with.

    What is of sampling is valid only where a model samples, and our policies do.

    Raises:
        ModelError: They would not be written.
    """
    settings = model.generation_config
    if settings is None:
        return
    settings.do_sample = True
    try:
        settings.validate(strict=True)
    except (ValueError, TypeError) as error:
        said = " ".join(str(error).split()).removeprefix("GenerationConfig is invalid: - ")
        raise ModelError(
            f"The {FILE} of {name} is not valid: {said[:200].rstrip(' .')}.",
            "Mend it, or take it away: the model's own settings hold then.",
        ) from None
