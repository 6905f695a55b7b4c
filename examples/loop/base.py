"""The model that the loop begins with: some 100,000 weights, taught to write mediocre replies."""

from __future__ import annotations

import random
from pathlib import Path

import torch
import world
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ("<pad>", "<unk>", "<s>", "<end>", "<user>", "<assistant>")
WORD = r" ?[A-Za-z]+|[.?!]"
CHAT = (
    "<s>{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
LONGEST = 192


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with an id for each word of the world, at the start of a text and within."""
    drawn = random.Random(0)
    told = [
        text
        for question in world.questions()
        for text in (question, world.mediocre(question, drawn))
    ]
    pattern = Regex(WORD)
    cut = pre_tokenizers.Split(pattern, "isolated")
    words = sorted({word for text in told for word, _ in cut.pre_tokenize_str(text)})
    vocabulary = {word: id for id, word in enumerate((*SPECIAL, *words))}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = cut
    inner.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>",
        eos_token="<end>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=["<user>", "<assistant>"],
        chat_template=CHAT,
        clean_up_tokenization_spaces=False,
        model_max_length=LONGEST,
    )


def make_base(folder: Path, seed: int, steps: int = 300) -> Path:
    """Writes a model that learnt to reply as `world.mediocre` does, where there is none yet.

    Args:
        folder: Where to.
        seed: Of its weights, and of what it reads.
        steps: Batches of 64 conversations.
    """
    if folder.exists():
        return folder
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), max_position_embeddings=LONGEST,
            hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4,
            tie_word_embeddings=True, initializer_range=0.1,
            bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    drawn, asked = random.Random(seed), world.questions()
    for _ in range(steps):
        texts = [_told(q, world.mediocre(q, drawn)) for q in drawn.choices(asked, k=64)]
        batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        labels = batch.input_ids.masked_fill(batch.attention_mask == 0, -100)
        model(**batch, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    growing = folder.with_name(f"{folder.name}.part")
    model.eval().save_pretrained(growing)
    tokenizer.save_pretrained(growing)
    growing.rename(folder)  # whole, or not at all
    return folder


def _told(question: str, reply: str) -> str:
    """A conversation, as the template writes it."""
    return f"<s><user>{question}<end><assistant>{reply}<end>"
