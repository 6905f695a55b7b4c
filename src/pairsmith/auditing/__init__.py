"""Questions about a whole dataset, each a module of its own, and the report that answers them.

A question is a function from a `Study` to an `Answer`. It sees all rows at once, as keys in DuckDB
or as texts in batches; so it is no kernel.
"""

from __future__ import annotations
