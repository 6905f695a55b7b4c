"""The names that `import pairsmith` gives, and what it loads."""

import json
import subprocess
import sys

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
}


def test_the_public_names():
    assert pairsmith.__all__ == sorted(pairsmith.__all__)
    assert pairsmith.__all__ == [
        "Manifest", "Note", "PairsmithError", "Progress", "Reason", "Recipe", "__version__",
        "build", "check", "export", "preview",
    ]  # fmt: skip
    assert dir(pairsmith) == pairsmith.__all__
    for name in pairsmith.__all__:
        assert getattr(pairsmith, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(pairsmith, "forge")


def test_functions_stay_callable_whatever_is_imported():
    import pairsmith.exports
    import pairsmith.pipeline

    assert pairsmith.build is pairsmith.pipeline.build
    assert pairsmith.export is pairsmith.exports.export


def loaded(program):
    """The top-level modules that a program loads."""
    program += "; import json, sys; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_import_is_light():
    assert not loaded("import pairsmith") & (HEAVY | {"typer"})


def test_the_command_line_is_light():
    assert not loaded("import pairsmith.cli") & (HEAVY - {"rich"})
