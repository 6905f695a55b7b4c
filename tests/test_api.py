"""The names that `import pairsmith` gives, and what it loads."""

import subprocess
import sys

import pytest

import pairsmith

HEAVY = {
    "pyarrow",
    "numpy",
    "jinja2",
    "yaml",
    "fsspec",
    "huggingface_hub",
    "rich",
    "isal",
    "transformers",
    "tokenizers",
    "datasets",
    "duckdb",
    "matplotlib",
    "sklearn",
    "scipy",
    "pandas",
    "ray",
    "torch",
    "trl",
}


def test_the_public_names():
    assert pairsmith.__all__ == sorted(pairsmith.__all__)
    assert pairsmith.__all__ == [
        "Annotation", "Annotator", "Audit", "Collected", "CollectionQuality", "Evaluation",
        "Exploration", "Generated", "Lineage", "Manifest", "Note", "PairsmithError", "Progress",
        "Reason", "Recipe", "Rounds", "TrainedModel", "TrainingProgress", "__version__", "annotate",
        "audit", "build", "check", "collect", "collection_quality", "evaluate", "explore", "export",
        "export_collection", "generate", "lineage", "list_annotations", "preview", "publish",
        "read_annotation", "rounds", "score", "split", "train_dpo", "train_reward", "train_rl",
    ]  # fmt: skip
    assert dir(pairsmith) == pairsmith.__all__
    for name in pairsmith.__all__:
        assert getattr(pairsmith, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(pairsmith, "forge")


def test_functions_stay_callable_whatever_is_imported():
    import pairsmith.auditing.audit
    import pairsmith.building.build
    import pairsmith.exporting

    assert pairsmith.audit is pairsmith.auditing.audit.audit
    assert pairsmith.build is pairsmith.building.build.build
    assert pairsmith.export is pairsmith.exporting.export


def loaded(*arguments):
    """The top-level modules that Python loads, by its own account."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_the_account_names_what_is_loaded():
    assert {"pyarrow", "numpy"} <= loaded("-c", "from pairsmith.schema.rows import MESSAGES")


def test_import_is_light():
    seen = loaded("-c", "import pairsmith")
    assert "pairsmith" in seen
    assert not seen & (HEAVY | {"typer"})


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_the_command_line_is_light(asked):
    seen = loaded("-m", "pairsmith", asked)
    assert "typer" in seen
    assert not seen & (HEAVY - {"rich"})


def test_a_plain_build_loads_nothing_of_an_audit(tmp_path):
    seen = loaded("-m", "pairsmith", "build", "sample", str(tmp_path / "out"))
    assert "pyarrow" in seen
    assert not seen & {"duckdb", "sklearn", "scipy", "matplotlib", "rensa"}
