"""Whether a model belongs to a build, told before weights are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import ModelError
from pairsmith.models.folders import find_model, hash_files, identity_of, record_name
from pairsmith.models.loading import CLASSIFIER
from pairsmith.models.run_folder import RunManifest, has_run, read_proved_run, read_run
from pairsmith.models.settings import read_settings
from pairsmith.schema.rows import Form
from pairsmith.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Named(NamedTuple):
    """A model whose weights have not been read.

    Attributes:
        name: As it was named.
        folder: Its folder.
        tokenizer: Its tokenizer.
        config: Its settings, as transformers read them.
        run: The run that made it; None where it is none of ours.
    """

    name: str
    folder: Path
    tokenizer: PreTrainedTokenizerBase
    config: object
    run: RunManifest | None

    @property
    def room(self) -> int | None:
        """The most tokens that it can read; None where nothing tells."""
        text = self.config.get_text_config()  # type: ignore[attr-defined]
        most = getattr(text, "max_position_embeddings", None)
        return most if isinstance(most, int) and most > 0 else None


def name_model(name: str, form: Form) -> Named:
    """Finds a model, and reads its settings and its tokenizer.

    Args:
        name: A folder, or an id on the hub.
        form: Of the rows that it is to read.

    Raises:
        ModelError: There is none, or its settings cannot be read.
        TokenizerError: Its tokenizer cannot do what the rows want.
    """
    folder = find_model(name)
    run = read_run(folder) if has_run(folder) else None
    return Named(name, folder, load_tokenizer(str(folder), form), read_settings(folder, name), run)


def name_parent(name: str) -> dict[str, str]:
    """A model as the manifest of a run that is made with it names it.

    Raises:
        ModelError: It is not there, or not what its run wrote.
    """
    folder = find_model(name)
    hashes = hash_files(folder)
    read_proved_run(folder, hashes, name)
    return {"name": record_name(name), "sha256": identity_of(hashes)}


def check_judge(judge: Named, role: str, built: Manifest) -> None:
    """Checks that a preference model can judge replies to the prompts of a build.

    Args:
        judge: The model.
        role: The option that names it.
        built: The manifest of the build.

    Raises:
        ModelError: It gives no scores, or was trained on rows of another form or template.
    """
    if not gives_scores(judge):
        raise ModelError(
            f"{judge.name}, named by --{role}, gives no scores.",
            "Name a preference model; pairsmith train reward makes one.",
        )
    check_build(judge, built)


def gives_scores(model: Named) -> bool:
    """Whether a model is a preference model, by its settings."""
    kinds = getattr(model.config, "architectures", None) or []
    return any(kind.endswith(CLASSIFIER) for kind in kinds)


def check_build(model: Named, built: Manifest) -> None:
    """Checks that a run's model was trained on rows like those of the build.

    Raises:
        ModelError: It was trained on another form, or on text by another template.
    """
    run, recipe = model.run, built.recipe
    if run is None:
        return
    if run.form != recipe.form:
        raise ModelError(
            f"{model.name} was trained on {run.form.value}, and the build holds "
            f"{recipe.form.value}.",
            "Build the same rows in the form that it was trained on.",
        )
    if run.template and recipe.template and run.template.source != recipe.template.source:
        raise ModelError(
            f"{model.name} was trained on text by the template {run.template.name}, and the "
            f"build's is {recipe.template.name}, which is another.",
            "Build the same rows by the template that it was trained on.",
        )
