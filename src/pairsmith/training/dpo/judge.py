"""The preference model that judges replies at the end: checked before anything is trained."""

from __future__ import annotations

from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import RecipeError
from pairsmith.models.folders import find_model, hash_files, identity_of, record_name
from pairsmith.models.loading import CLASSIFIER
from pairsmith.models.run_folder import read_proved_run
from pairsmith.models.settings import read_settings


def check_judge(name: str, built: Manifest) -> None:
    """Checks that a model gives scores, and learnt from rows like those of a build.

    Args:
        name: A run's folder, another model's, or an id on the hub.
        built: The manifest of the build.

    Raises:
        ModelError: It is not there, or not what its run wrote.
        RecipeError: It gives no scores, or its run was on rows of another form or template.
    """
    folder = find_model(name)
    kinds = read_settings(folder, name).architectures or []
    if not any(kind.endswith(CLASSIFIER) for kind in kinds):
        raise RecipeError(
            f"{name}, named by --score, gives no scores.",
            "Name a preference model; pairsmith train reward makes one.",
        )
    run, recipe = read_proved_run(folder, hash_files(folder), name), built.recipe
    if run is None:
        return
    hint = "Its scores would be of texts that it has not learnt. Name one that learnt from such."
    if run.form != recipe.form:
        raise RecipeError(
            f"{name} learnt from {run.form.value}, and the build holds {recipe.form.value}.", hint
        )
    if run.template and recipe.template and run.template.source != recipe.template.source:
        raise RecipeError(
            f"{name} learnt from text by the template {run.template.name}, and the build's is "
            f"another, {recipe.template.name}.",
            hint,
        )


def name_judge(name: str) -> dict[str, str]:
    """A preference model as a manifest names it."""
    return {"name": record_name(name), "sha256": identity_of(hash_files(find_model(name)))}
