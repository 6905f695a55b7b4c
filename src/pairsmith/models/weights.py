"""The weights of a model: from safetensors alone, all of them there, none drawn at random."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairsmith.errors import ModelError
from pairsmith.models.settings import first_line

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def load_weights(
    folder: Path, name: str, config: Any, *, dtype: str, score: bool = True, headed: bool = True
) -> PreTrainedModel:
    """Loads a model on the CPU.

    Args:
        folder: Its folder.
        name: What to call it.
        config: Its settings, read.
        dtype: Of the weights.
        score: Whether it is to have a head that scores a whole text, in place of one that predicts
            the next token.
        headed: Whether the folder should hold that head; else it may be new.

    Raises:
        ModelError: There are no weights as safetensors, they do not fit, or some are not there.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
    from transformers.utils import logging

    if not list(folder.glob("*.safetensors")):
        raise ModelError(
            f"{name} has no weights as safetensors.",
            "Pickle is not opened, for it can run code. Save it again by save_pretrained.",
        )
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # it says that the head is new, and we know
    logging.disable_progress_bar()
    try:
        kind: Any = AutoModelForSequenceClassification if score else AutoModelForCausalLM
        model, found = kind.from_pretrained(
            folder,
            config=config,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # of any kind: settings that do not fit reach into its every part
        said = first_line(error)
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
            "Those would be drawn at random. Save it again by save_pretrained.",
        )


def check_weights(folder: Path) -> None:
    """Checks that the weights of a model, as they were written, are finite numbers.

    A loss tells of weights before a step; what the last step makes of them nothing else reads.

    Raises:
        ModelError: Some are not.
    """
    from safetensors import safe_open

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as held:
            for name in held.keys():  # noqa: SIM118  (it is no mapping)
                weights = held.get_tensor(name)
                if weights.is_floating_point() and not bool(weights.isfinite().all()):
                    raise ModelError(
                        f"The last step made weights that are no finite numbers, of {name} first.",
                        "No model was written. Take a lower learning_rate: in this folder with "
                        "--force, or in another.",
                    )
