"""torchtune's own dataset over an export, by its configuration.

Run with the folder of the export; prints the two sides of each row as JSON.
"""

import json
import os
import sys

from omegaconf import OmegaConf
from torchtune import config


class Characters:
    """A tokenizer by torchtune's protocol: each character is a token."""

    def tokenize_messages(self, messages):
        """The turns' characters, and whether each is masked."""
        text = [(c, turn.masked) for turn in messages for c in f"<{turn.role}>{turn.text_content}"]
        return [ord(c) for c, _ in text], [masked for _, masked in text]


os.chdir(sys.argv[1])
held = OmegaConf.load("torchtune.yaml")
said = []
for name in ("dataset", "dataset_val"):
    loaded = config.instantiate(held[name], Characters())
    for row in (loaded[place] for place in range(len(loaded))):
        sides = [row[f"{side}_input_ids"] for side in ("chosen", "rejected")]
        said.append(["".join(map(chr, ids)) for ids in sides])
print(json.dumps(said))
