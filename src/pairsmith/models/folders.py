"""Where a model's files lie, and the hash that names it in manifests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from pairsmith.errors import ModelError
from pairsmith.io.durable import sha256_of

FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")
"""What is fetched of a model on the hub: no pickle, no code."""

IDENTITY = re.compile(
    r"config\.json|adapter_config\.json|.*\.safetensors|.*\.safetensors\.index\.json"
    r"|tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\..*|merges\.txt"
    r"|chat_template\..*|tokenizer\.model"
)
"""The files that decide a score: settings, weights, the tokenizer and its template."""

_HUB_ID = re.compile(r"\w[\w.-]*(/[\w.-]+)?")


def find_model(name: str) -> Path:
    """The folder of a model: as named, or fetched from the hub by its id.

    Args:
        name: A folder, an id on the hub, or `smollm2`, which comes in a package.

    Raises:
        ModelError: There is no such folder, and the hub has no such model or cannot be reached.
    """
    folder = Path(name)
    if name and folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(
                f"{name} is no model's folder: config.json is missing.",
                "Name the folder that save_pretrained or pairsmith train wrote.",
            )
        return folder
    if name == "smollm2":
        from pairsmith.models.smollm2 import find_smollm2

        return find_smollm2()
    if not name or folder.exists() or not _HUB_ID.fullmatch(name):
        what = f"{name} is not a folder" if name and folder.exists() else f"No folder {name!r}"
        raise ModelError(f"{what}.", "Name a model's folder, or its id on the hub.")
    return _fetch(name)


def _fetch(name: str) -> Path:
    from huggingface_hub import errors, snapshot_download

    no_connection = (errors.HTTPError, OSError)  # type: ignore[attr-defined]
    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except (errors.HfHubHTTPError, errors.HFValidationError) as error:
        if not isinstance(error, errors.LocalEntryNotFoundError):
            raise ModelError(
                f"There is no folder {name}, and the hub gives nobody or not you such a model.",
                "Check the spelling; for a gated model, accept its terms and run hf auth login.",
            ) from error
        raise _unreachable(name) from error
    except no_connection as error:
        raise _unreachable(name) from error


def _unreachable(name: str) -> ModelError:
    return ModelError(
        f"There is no folder {name}, no copy in the cache, and the hub cannot be reached.",
        "Name a model's folder.",
    )


def record_name(name: str) -> str:
    """A model's or a build's name for a record: of a folder its own name, without where it lies.

    >>> record_name("/home/ann/models/tiny/")
    'tiny'
    >>> record_name("ann/a-model-on-the-hub")
    'ann/a-model-on-the-hub'
    """
    is_folder = Path(name).is_dir() or not _HUB_ID.fullmatch(name)
    return (Path(name).name or Path(name).resolve().name) if is_folder else name


def model_sha256(folder: Path) -> str:
    """The identity of a model: a hash of the names and hashes of the files that decide a score.

    Args:
        folder: Its folder.
    """
    return identity_of(hash_files(folder))


def hash_files(folder: Path) -> dict[str, str]:
    """The hashes of the files of a model that decide a score, by name, in the order of names."""
    found = (path for path in sorted(folder.iterdir()) if path.is_file())
    return {path.name: sha256_of(path) for path in found if IDENTITY.fullmatch(path.name)}


def identity_of(hashes: Mapping[str, str]) -> str:
    """The identity of a model whose files `hash_files` tells."""
    digest = hashlib.sha256()
    for name, sha256 in hashes.items():
        digest.update(f"{name} {sha256}\n".encode())
    return digest.hexdigest()
