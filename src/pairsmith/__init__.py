"""pairsmith: raw preference transcripts to preference data that can be proved and trained on.

    import pairsmith

    built = pairsmith.build("sample", "out", template="llama2")
    print(built.totals.kept)

Names load when they are used, so that `import pairsmith` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pairsmith._version import __version__
from pairsmith.errors import PairsmithError

if TYPE_CHECKING:
    from pairsmith.audits.actions import build
    from pairsmith.audits.ask import audit
    from pairsmith.audits.record import Audit
    from pairsmith.exports import export
    from pairsmith.hub.publishing.publish import publish
    from pairsmith.kernel.recipe import Recipe
    from pairsmith.pipeline import Progress
    from pairsmith.pipeline.split import split
    from pairsmith.schema import Note, Reason
    from pairsmith.store.manifest import Manifest
    from pairsmith.store.verify import check
    from pairsmith.tokens.preview import preview

__all__ = [
    "Audit",
    "Manifest",
    "Note",
    "PairsmithError",
    "Progress",
    "Reason",
    "Recipe",
    "__version__",
    "audit",
    "build",
    "check",
    "export",
    "preview",
    "publish",
    "split",
]

_HOMES = {
    "Audit": "pairsmith.audits.record",
    "Manifest": "pairsmith.store.manifest",
    "Note": "pairsmith.schema",
    "Progress": "pairsmith.pipeline",
    "Reason": "pairsmith.schema",
    "Recipe": "pairsmith.kernel.recipe",
    "audit": "pairsmith.audits.ask",
    "build": "pairsmith.audits.actions",
    "check": "pairsmith.store.verify",
    "export": "pairsmith.exports",
    "preview": "pairsmith.tokens.preview",
    "publish": "pairsmith.hub.publishing.publish",
    "split": "pairsmith.pipeline.split",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
