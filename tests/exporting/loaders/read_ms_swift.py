"""ms-swift's own loader and template over an export, by the options of its train.sh.

Run with the folder of the export and of a tokenizer; prints the two sides of each row as JSON.
"""

import json
import os
import shlex
import sys
from pathlib import Path

from swift import get_processor, get_template
from swift.dataset import load_dataset

export, model = sys.argv[1:]
os.chdir(export)
script = Path("train.sh").read_text()
words = shlex.split(script.replace("\\\n", " "), comments=True)
assert words[:4] == ["swift", "rlhf", "--rlhf_type", "dpo"]
template = get_template(
    get_processor(model, model_type="llama"), template_type="llama", max_length=8192
)
template.set_mode("rlhf")
said = []
for option in ("--dataset", "--val_dataset"):
    paths = words[words.index(option) + 1 :]
    paths = paths[: next(n for n, word in enumerate(paths) if word.startswith("--"))]
    loaded, _ = load_dataset(paths, num_proc=1, strict=True, shuffle=False)
    for row in loaded:
        made = template.encode(row)
        sides = [made[f"{side}_input_ids"] for side in ("chosen", "rejected")]
        said.append([template.tokenizer.decode(ids) for ids in sides])
print(json.dumps(said))
