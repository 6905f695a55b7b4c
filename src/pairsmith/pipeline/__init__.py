"""The main job: plan the shards, run them on an engine, write the manifest last."""

from __future__ import annotations

from pairsmith.pipeline.job import build
from pairsmith.pipeline.run import Progress, Watch

__all__ = ["Progress", "Watch", "build"]
