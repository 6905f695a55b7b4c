"""What the helps of `pairsmith hub` end in; see `examples`."""

from __future__ import annotations

from collections.abc import Mapping

HUB: Mapping[str, tuple[str, ...]] = {
    "hub": (
        "pairsmith hub user add ./hub ann",
        "pairsmith hub backup ./hub ./copy",
    ),
    "hub backup": ("pairsmith hub backup ./hub ./copy --prove",),
    "hub verify": ("pairsmith hub verify ./hub",),
    "hub user": ("pairsmith hub user add ./hub ann",),
    "hub user add": ("pairsmith hub user add ./hub ann --email ann@example.org",),
    "hub user password": ("pairsmith hub user password ./hub ann",),
    "hub user suspend": ("pairsmith hub user suspend ./hub ann",),
    "hub user restore": ("pairsmith hub user restore ./hub ann",),
    "hub user codes-off": ("pairsmith hub user codes-off ./hub ann",),
    "hub user remove": ("pairsmith hub user remove ./hub ann",),
    "hub token": ("pairsmith hub token add ./hub ann --write",),
    "hub token add": ("pairsmith hub token add ./hub ann --name laptop --write",),
    "hub organization": ("pairsmith hub organization list ./hub",),
    "hub organization add": ("pairsmith hub organization add ./hub guild --admin ann",),
    "hub organization list": ("pairsmith hub organization list ./hub --json",),
    "hub organization role": ("pairsmith hub organization role ./hub guild bob write",),
    "hub collection": ("pairsmith hub collection list ./hub",),
    "hub collection add": ("pairsmith hub collection add ./hub ann teas --project teas.yaml",),
    "hub collection list": ("pairsmith hub collection list ./hub --json",),
    "hub collection export": ("pairsmith hub collection export ./hub ann teas ./teas",),
    "hub user list": ("pairsmith hub user list ./hub",),
    "hub token list": ("pairsmith hub token list ./hub ann",),
    "hub token revoke": ("pairsmith hub token revoke ./hub ann laptop",),
}
"""Of each command."""
