"""Counts in memory, to be written together: one for each would keep its reader waiting."""

from __future__ import annotations

import threading
from collections import Counter


class Counts:
    """How often something was counted of a repository on a day, since it was last asked."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counted: Counter[tuple[int, int]] = Counter()

    def add(self, repo: int, day: int) -> None:
        """Counts one."""
        with self._guard:
            self._counted[repo, day] += 1

    def take(self) -> list[tuple[int, int, int]]:
        """What was counted: the repository, the day, how often. It begins anew."""
        with self._guard:
            counted, self._counted = self._counted, Counter()
        return [(repo, day, count) for (repo, day), count in counted.items()]
