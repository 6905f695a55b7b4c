"""The hub is shippable by itself: it is imported where nothing of builds, or of them, can be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pairsmith.hub
from pairsmith.extras import EXTRAS

BUILDS = [
    "collecting",
    "models",
    "building",
    "auditing",
    "exporting",
    "publishing",
    "scoring",
    "dataset",
    "chat_templates",
    "kernel",
    "sources",
    "text",
    "schema",
    "tokens",
    "engines",
]
LIBRARIES = [
    "ray",
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "trl",
    "sklearn",
    "scipy",
    "matplotlib",
    "rensa",
    "fsspec",
    "s3fs",
    "aiohttp",
    "tenacity",
    "isal",
    "polars",
]
PROGRAM = """
import sys
from importlib.abc import MetaPathFinder
class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in blocked or name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is blocked")
        return None
blocked = set(sys.argv[2:])
sys.meta_path.insert(0, Blocked())
from pathlib import Path
import pkgutil, importlib
import pairsmith.hub
late = "pairsmith.hub.web.collecting."  # which is there for collections, and imported for them
for module in pkgutil.walk_packages(pairsmith.hub.__path__, "pairsmith.hub."):
    if not module.name.startswith(late):
        importlib.import_module(module.name)
from pairsmith.hub.app import application
from pairsmith.hub.context import Hub, Settings
hub = Hub(Path(sys.argv[1]), Settings("http://testserver"))
print(len(application(hub).routes))
hub.close()
"""


def test_it_is_imported_without_builds_and_their_libraries(tmp_path):
    blocked = [*(f"pairsmith.{name}" for name in BUILDS), *LIBRARIES]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "hub", *blocked],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


def test_what_is_blocked_cannot_be_imported(tmp_path):
    """The test above is able to fail."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "hub", "pairsmith.hub.viewer", "yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "is blocked" in done.stderr


def test_every_library_comes_with_the_extra_or_the_core():
    """What is missing of them is told by `pairsmith serve`, in place of a traceback."""
    core = {"yaml", "jinja2", "filelock", "numpy"}
    brought_along = {"anyio": "starlette", "markupsafe": "jinja2"}
    imported = set()
    for path in Path(pairsmith.hub.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    done_without = {"uvloop", "segno"}  # where they are missing
    others = imported - sys.stdlib_module_names - {"pairsmith"} - done_without
    assert others - core - set(EXTRAS["hub"]) == set(brought_along)
    assert set(brought_along.values()) <= core | set(EXTRAS["hub"])
