"""Libraries that talk on their own while they work, told to be quiet for a while."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps transformers from logging what is no error, and datasets from drawing bars.

    Nor do they warn of what they call of each other and is to go, or that the embeddings of a model
    with adapters are saved too, which were given a row for the padding token, or that layers of
    GPT-2 are turned round.
    """
    import datasets
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), datasets.are_progress_bars_disabled()
    shown = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            for module in ("transformers", "trl", "peft", "accelerate"):
                warnings.filterwarnings("ignore", category=FutureWarning, module=rf"{module}\b")
            warnings.filterwarnings("ignore", message="Setting `save_embedding_layers`")
            warnings.filterwarnings("ignore", message="fan_in_fan_out is set to False")
            yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
        if not bars:
            datasets.enable_progress_bars()
