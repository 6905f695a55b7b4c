"""What the helps of commands end in that sample, collect and trace; see `examples`."""

from __future__ import annotations

from collections.abc import Mapping

LOOP: Mapping[str, tuple[str, ...]] = {
    "generate": (
        "pairsmith generate out samples --model ./policy --score ./run",
        "pairsmith generate out samples --endpoint http://127.0.0.1:8000 --score ./run",
        "pairsmith generate prompts.txt samples --model ./policy --best-of 1",
    ),
    "collect": (
        "pairsmith collect talks --model http://127.0.0.1:8000",
        "pairsmith collect talks --model http://one:8000 --model http://other:8000",
        "pairsmith collect talks --model http://127.0.0.1:8000 --mode red-team",
        "pairsmith collect second --from out --apply audit",
        "pairsmith collect talks --export",
        "pairsmith collect talks --quality",
    ),
    "lineage": (
        "pairsmith lineage run",
        "pairsmith lineage run --search ../models --svg lineage.svg",
    ),
    "rounds": (
        "pairsmith rounds mixed",
        "pairsmith rounds mixed --scores rm-0 --samples first --samples second",
    ),
}
