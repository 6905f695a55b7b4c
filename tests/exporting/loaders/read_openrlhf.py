"""OpenRLHF's own loader over an export, by the options of its train.sh.

Run with the folder of the export and of a tokenizer; prints the two sides of each row as JSON.
"""

import json
import os
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

from openrlhf.datasets.reward_dataset import RewardDataset
from openrlhf.datasets.utils import blending_datasets
from transformers import AutoTokenizer

export, model = sys.argv[1:]
os.chdir(export)
script = Path("train.sh").read_text()
words = shlex.split(script.replace("\\\n", " "), comments=True)
options = {
    name.removeprefix("--"): value
    for name, value in zip(words, [*words[1:], ""], strict=True)
    if name.startswith("--")
}
assert "data.apply_chat_template" in options
keys = {f"{key}_key": options[f"data.{key}_key"] for key in ("prompt", "chosen", "rejected")}
data = SimpleNamespace(apply_chat_template=True, **keys)
strategy = SimpleNamespace(
    print=lambda *_: None, args=SimpleNamespace(use_ms=False, data=data), is_rank_0=lambda: True
)
tokenizer = AutoTokenizer.from_pretrained(model)
said = []
for place, split in (("data.dataset", "train"), ("eval.dataset", options["eval.split"])):
    loaded = blending_datasets(options[place], None, strategy, dataset_split=split)
    made = RewardDataset(loaded, tokenizer, 8192, strategy, is_dpo=True, num_processors=1)
    said += [
        [prompt + chosen, prompt + rejected]
        for prompt, chosen, rejected in zip(made.prompts, made.chosens, made.rejects, strict=True)
    ]
print(json.dumps(said))
