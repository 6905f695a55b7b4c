"""A preference model of the bundled sample: `python examples/train_reward.py`.

Needs the extras `train` and `audit`. The model and its tokenizer are made on the spot, so nothing
is fetched and nothing useful is learnt: with thirty pairs there is not much to learn from. Shows
the account of every row, how the loss fell, what the run says of itself, and scores of two replies.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import pairsmith
from pairsmith.training.progress import TrainingProgress

CHAT = "{% for m in messages %}{{ m.role }}: {{ m.content }}</s>\n{% endfor %}"


def make_model(folder: Path) -> Path:
    """A byte-level tokenizer with a chat template, and a Llama of random weights."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "</s>"]
    inner.train_from_iterator(
        ["user: assistant:"],
        trainers.BpeTrainer(special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", chat_template=CHAT
    )
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    config = LlamaConfig(
        vocab_size=len(tokenizer), num_hidden_layers=1, max_position_embeddings=4096, **sizes
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def show(step: TrainingProgress) -> None:
    """Prints a step."""
    if step.phase == "training":
        print(f"step {step.done} of {step.total}: loss {step.loss:.3f}")


def main() -> None:
    """Builds, trains, looks."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        pairsmith.build("sample", folder / "chat")
        made = pairsmith.train_reward(
            folder / "chat",
            folder / "run",
            model_name_or_path=str(make_model(folder / "model")),
            max_length=2048,
            learning_rate=1e-2,
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            progress=show,
        )
        for place, held in made.manifest.ledger.items():
            print(place, held)
        print(made.remarks[0])
        print("\n".join(made.verdict))
        said = pairsmith.read_annotation(folder / "chat", made.scores)
        row = next(said.batches()).to_pylist()[0]
        print(f"{row['id']}: {row['chosen_score']:.3f} against {row['rejected_score']:.3f}")


if __name__ == "__main__":
    main()
