"""The methods of training that there are, by the kind of their runs."""

from __future__ import annotations

from pairsmith.training.dpo.method import METHOD as DPO
from pairsmith.training.method import Method
from pairsmith.training.reward.method import METHOD as REWARD
from pairsmith.training.rl.method import METHOD as RL

METHODS: dict[str, Method] = {method.kind: method for method in (REWARD, DPO, RL)}
"""One record a method. A new one is made in a package of its own, and named here."""
