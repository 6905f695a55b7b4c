"""Pairs exported for TRL, and a tiny model trained on them: `python examples/export_and_train.py`.

Needs torch, transformers and trl. The model and its tokenizer are made on the spot, so nothing is
fetched and nothing useful is learnt. Shows the files exported, then the loss of a few steps of
DPO on the pairs: it starts at 0.69, the logarithm of 2, since both sides are equally likely.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from datasets import Dataset, load_dataset
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

import pairsmith


def make_model(texts: list[str], folder: Path) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer trained on texts, and a Llama of random weights, saved in a folder."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokens = trainers.BpeTrainer(vocab_size=500, special_tokens=["<s>", "</s>"])
    inner.train_from_iterator(texts, tokens)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), num_hidden_layers=1, **sizes)
    LlamaForCausalLM(config).save_pretrained(folder)
    return tokenizer


def train(rows: Dataset, model: Path, tokenizer: PreTrainedTokenizerFast, runs: Path) -> None:
    """Three steps of DPO, each with its loss."""
    steps = {"max_steps": 3, "per_device_train_batch_size": 4, "learning_rate": 1e-3}
    quiet = {"logging_steps": 1, "save_strategy": "no", "report_to": [], "disable_tqdm": True}
    settings = DPOConfig(output_dir=str(runs), use_cpu=True, bf16=False, **steps, **quiet)
    DPOTrainer(str(model), args=settings, train_dataset=rows, processing_class=tokenizer).train()


def main() -> None:
    """Builds, exports, trains."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        pairsmith.build("sample", folder / "hh", template="llama2")
        exported = pairsmith.export(folder / "hh", folder / "pairs", trainer="trl")
        files = [str(folder / "pairs" / file.path) for file in exported.files]
        print(f"{len(files)} files, {sum(file.pairs for file in exported.files)} pairs")
        rows = load_dataset("json", data_files=files, split="train", cache_dir=str(folder / "c"))
        tokenizer = make_model([*rows["prompt"], *rows["chosen"]], folder / "model")
        train(rows, folder / "model", tokenizer, folder / "runs")


if __name__ == "__main__":
    main()
