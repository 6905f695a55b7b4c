"""Axolotl's own prompt strategy over an export: its configuration and its files.

Run with the folder of the export and of a tokenizer; prints the two sides of each row as JSON.
"""

import json
import sys
from pathlib import Path

import yaml
from axolotl.prompt_strategies.dpo.chat_template import default
from axolotl.utils.dict import DictDefault
from datasets import load_dataset
from transformers import AutoTokenizer

export, model = Path(sys.argv[1]), sys.argv[2]
tokenizer = AutoTokenizer.from_pretrained(model)
config = DictDefault(yaml.safe_load((export / "axolotl.yaml").read_text()))
assert config.rl == "dpo"
said = []
for key in ("datasets", "test_datasets"):
    for place, entry in enumerate(config[key] or []):
        assert entry.type == "chat_template.default"
        transform, _ = default(config | {"datasets": config[key]}, dataset_idx=place)
        path = str(export / entry.path)
        for row in load_dataset(entry.ds_type, data_files=path, split=entry.split):
            made = transform(row, tokenizer=tokenizer)
            said.append([made["prompt"] + made[side] for side in ("chosen", "rejected")])
print(json.dumps(said))
