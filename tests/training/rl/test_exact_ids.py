"""The ids that models read in reinforcement learning are those of trainings of the same text."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import TokenizerError
from pairsmith.models.generation.replies import ReplyReader
from pairsmith.schema.rows import Form
from pairsmith.tokens.tokenizer import load_tokenizer
from support.built import shards_of
from support.models.folders import write_causal
from support.models.id_rows import WORDS, build_rows
from support.models.tokenizers import write_tokenizer
from support.rl import train_rl_quietly
from support.slow import quick, slow
from support.training import train_quietly

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")

MAKES = ["bytes-bos-eos", "bytes-both-none", "bytes-none-own", "pieces-both-eos"]
CASES = [(form, make) for form in ("text", "messages") for make in MAKES]


@contextmanager
def watched():
    """Notes the ids of every row that a model with a score head reads, without padding."""
    seen = []

    def note(module, given, named, _made):
        if type(module).__name__ == "LlamaModel" and not module.training:  # the policy learns
            ids, mask = named["input_ids"], named["attention_mask"]
            seen.extend(tuple(one[m.bool()].tolist()) for one, m in zip(ids, mask, strict=True))

    hook = torch.nn.modules.module.register_module_forward_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


@slow
@pytest.mark.parametrize(("form", "make"), CASES)
def test_a_training_reads_rewards_from_the_ids_of_a_reward_training(form, make, tmp_path):
    """From a preference model's training to its rewards, whose replies are written by a policy."""
    build = build_rows(tmp_path / "rows", form)
    policy = write_causal(
        tmp_path / "policy", tokenizer=write_tokenizer(tmp_path / "policy", WORDS, make)
    )
    model = train_quietly(build, tmp_path / "reward", policy, max_steps=1)
    noted = []
    original = ReplyReader.read

    def read(self, prompts, replies):
        texts = original(self, prompts, replies)
        noted.extend(zip(map(tuple, prompts), texts, strict=True))
        return texts

    with pytest.MonkeyPatch.context() as patched, watched() as seen:
        patched.setattr(ReplyReader, "read", read)
        train_rl_quietly(
            build, tmp_path / "rl", policy, model.folder,
            per_device_train_batch_size=8, max_steps=2, beta=0.0,
        )  # fmt: skip
    noted = noted[-16:]  # of the steps; those before are of the proof
    again = build_again(tmp_path / "again", build, noted, form, policy)
    assert [one for one in seen if one in again] == seen
    assert set(seen) == again


def build_again(folder, build, noted, form, policy):
    """The ids that a reward training has of the prompts with the replies that were noted."""
    from pairsmith.tokens.preview import open_writer

    tokenizer = load_tokenizer(str(policy), Form(form))
    built = read_manifest(build)
    rows = {}
    with open_writer(built, tokenizer, "it") as chat:
        from pairsmith.models.generation.prompts import encode_prompts, read_prompt, write_prompts

        held = shards_of(build)
        texts = write_prompts([read_prompt(row) for row in held], chat)
        for row, ids in zip(held, encode_prompts(texts, tokenizer, chat is None), strict=True):
            rows[tuple(ids)] = row
    conversations = []
    for prompt, text in noted:
        row = rows[prompt]
        reply = text if form == "text" else [{"role": "assistant", "content": text}]
        conversations.append({"chosen": (row["prompt"], reply), "rejected": (row["prompt"], reply)})
    return ids_by_trl(conversations, tokenizer, form)


def ids_by_trl(conversations, tokenizer, form):
    """What TRL's own preparation makes of pairs."""
    from datasets import IterableDataset

    rows = [
        {
            "prompt": one["chosen"][0] if form == "text" else bare_messages(one["chosen"][0]),
            "chosen": one["chosen"][1],
            "rejected": one["rejected"][1],
        }
        for one in conversations
    ]
    held = IterableDataset.from_generator(lambda: iter(rows))
    limits = SimpleNamespace(max_length=None, dataset_num_proc=None)
    prepare = trl.RewardTrainer._prepare_dataset
    return {tuple(row["chosen_ids"]) for row in prepare(None, held, tokenizer, limits, "again")}


def bare_messages(messages):
    return [{"role": one["role"], "content": one["content"]} for one in messages]


@pytest.mark.parametrize(("form", "make"), quick(CASES, ("messages", "bytes-bos-eos")))
def test_other_ids_are_found_before_the_first_step(form, make, tmp_path, monkeypatch):
    build = build_rows(tmp_path / "rows", form)
    policy = write_causal(
        tmp_path / "policy", tokenizer=write_tokenizer(tmp_path / "policy", WORDS, make)
    )
    model = train_quietly(build, tmp_path / "reward", policy, max_steps=1)
    read = ReplyReader.read
    monkeypatch.setattr(
        ReplyReader, "read", lambda self, *given: [f"{t} a" for t in read(self, *given)]
    )
    with pytest.raises(TokenizerError, match=r"reward of the chosen reply of pairs/train/\d"):
        train_rl_quietly(build, tmp_path / "rl", policy, model.folder)
