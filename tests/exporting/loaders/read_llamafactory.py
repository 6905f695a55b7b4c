"""LLaMA-Factory's own loader over an export, by its dataset_info.json.

Run with the folder of the export and of a tokenizer; prints the two sides of each row as JSON.
"""

import importlib.machinery
import json
import sys
import types
from pathlib import Path

# for sound alone; there is no build of it beside this one of torch
stand_in = types.ModuleType("torchaudio")
stand_in.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
sys.modules["torchaudio"] = stand_in

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.hparams import DataArguments, ModelArguments  # noqa: E402
from transformers import AutoTokenizer, Seq2SeqTrainingArguments  # noqa: E402

export, model = Path(sys.argv[1]), sys.argv[2]
names = list(json.loads((export / "dataset_info.json").read_text()))
tokenizer = AutoTokenizer.from_pretrained(model)
data = DataArguments(
    template="llama2",
    dataset=",".join(names),
    dataset_dir=str(export),
    cutoff_len=8192,
    overwrite_cache=True,
)
template = get_template_and_fix_tokenizer(tokenizer, data)
training = Seq2SeqTrainingArguments(output_dir=str(export / "run"), use_cpu=True)
loaded = get_dataset(
    template, ModelArguments(model_name_or_path=model), data, training, "rm", tokenizer
)
print(
    json.dumps(
        [
            [tokenizer.decode(row[f"{side}_input_ids"]) for side in ("chosen", "rejected")]
            for row in loaded["train_dataset"]
        ]
    )
)
