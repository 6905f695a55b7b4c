"""Kernels: pure functions from one record batch to one record batch; rows never see each other.

Three laws are the whole contract, tested in `tests/laws`: row-wise (cut anywhere, the same
comes out), row-preserving (the ids that go in come out, in order) and schema-exact (the
declared schema, for an empty batch too).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pyarrow as pa

Kernel: TypeAlias = Callable[[pa.RecordBatch], pa.RecordBatch]
