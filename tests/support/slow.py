"""Marks what `make test` leaves out: the test, or all of its parameters but a few."""

from collections.abc import Iterable
from typing import Any

import pytest

slow = pytest.mark.slow


def quick(values: Iterable[Any], *kept: Any) -> list[Any]:
    """Parameters of which those kept, or else the first, run in `make test`; the others are slow.

    Args:
        values: The parameters; a tuple for several names.
        kept: Those to run; each has to be among the values.
    """
    listed = list(values)
    wanted = kept or tuple(listed[:1])
    missing = [value for value in wanted if value not in listed]
    if missing:
        raise ValueError(f"{missing} are not among the parameters {listed}")
    return [value if value in wanted else _slow(value) for value in listed]


def _slow(value: Any) -> Any:
    values = value if type(value) is tuple else (value,)
    return pytest.param(*values, marks=slow)
