"""Scores: pairs against a loop that scores each side by itself, dialogues against a pass a turn.

    python benchmarks/bench_score.py SOURCE.jsonl.gz [--rows 256] [--runs 2] [--model FOLDER]

All contestants are given the same token ids, those of `pairsmith score`, and the same model: that
of a folder, or a Llama of random weights with about ten million parameters. What is timed is the
model's reading, float32, on one thread, in CPU seconds, which neighbours on the machine change
least; in turn, the best of each.

- loop: what is usually written. Rows in their order, 16 at a time, chosen and then rejected, each
  padded to the longest of its batch, through the model's own class, whose head is applied to every
  token.
- sorted: each side by itself, in batches by a budget of tokens, the head at the last token alone.
- shared: as pairsmith reads them, the prompt once for both sides.
- a pass a turn: dialogues with at least four replies, up to each reply by itself: by the same loop,
  and in sorted batches; and one pass, as pairsmith reads them, the proof on the first rows with it.
  The dialogues are the chosen sides of the file.

Scores of all contestants are compared. Padding is that of the whole file too, for which no model is
needed. Machines are noisy: only the ratios of one run mean anything.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from contest import conditions, rows_of

REPLIES = 4
BATCH = 16
GOALS = {"pairs": 1.4, "dialogues": 3.0, "padding": 0.05}


def make_model(folder, texts):
    """A Llama of random weights and its tokenizer, in a folder."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForSequenceClassification, PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(
        vocab_size=8_000, special_tokens=special, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    inner.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=320, intermediate_size=864, num_hidden_layers=6,
        num_attention_heads=5, max_position_embeddings=4096, num_labels=1,
        bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    LlamaForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def builds_of(rows, count, folder):
    """All rows as pairs, and a number of chosen sides with enough replies as dialogues, as text."""
    import json

    import pairsmith

    long = [row["chosen"] for row in rows if row["chosen"].count("\n\nAssistant:") >= REPLIES]
    long = long[:count]
    made = {}
    for name, file, some in (
        ("pairs", "harmless-base/test.jsonl", rows),
        (
            "dialogues",
            "red-team-attempts/red_team_attempts.jsonl",
            [{"transcript": text} for text in long],
        ),
    ):
        path = Path(folder, name, file)
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
        made[name] = Path(folder, f"{name}-out")
        pairsmith.build(Path(folder, name), made[name], template="llama2")
    return made


def timed(work, runs):
    """The best time of a few, in CPU seconds, and what came of it."""
    best, made = float("inf"), None
    for _ in range(runs):
        began = time.process_time()
        made = work()
        best = min(best, time.process_time() - began)
    return best, made


def read_loop(scorer, sides):
    """The usual loop; the scores of both sides, and tokens and places."""
    import torch

    from pairsmith.models.batches import fill

    scores, tokens, places = [], 0, 0
    for side in sides:
        found = []
        for first in range(0, len(side.starts), BATCH):
            numbers = np.arange(first, min(first + BATCH, len(side.starts)))
            ids = fill(side, numbers, scorer.tokenizer.pad_token_id)
            mask = np.arange(ids.shape[1]) < side.lengths[numbers][:, None]
            with torch.inference_mode():
                given = {"input_ids": ids, "attention_mask": mask.astype(np.int64)}
                logits = scorer.model(**{k: torch.from_numpy(v) for k, v in given.items()}).logits
            found.append(logits.reshape(-1).numpy())
            tokens, places = tokens + int(side.lengths[numbers].sum()), places + ids.size
        scores.append(np.concatenate(found))
    return scores, 1 - tokens / places


def compare_pairs(out, scorer, count, runs):
    """Times of the three ways, and their padding."""
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.rows import entries_of, kept_batches
    from pairsmith.models.batches import plan_batches, work_of
    from pairsmith.models.forward import Reader
    from pairsmith.scoring.options import BATCH_TOKENS
    from pairsmith.scoring.reading import concatenate
    from pairsmith.tokens.preview import encode_rows
    from pairsmith.tokens.ragged import common_prefix

    built = read_manifest(out)
    batches = [
        encode_rows(stored, scorer.tokenizer, None, parted=False).encoded
        for entry in entries_of(built)
        for stored in kept_batches(out, built, entry, 512)
    ]
    sides = [
        concatenate([getattr(batch, f"whole_{side}") for batch in batches])
        for side in ("chosen", "rejected")
    ]
    shared = common_prefix(*sides)
    own = [side.lengths - shared for side in sides]
    lengths = shared + own[0] + own[1]
    padding = work_of(lengths, plan_batches(lengths, BATCH_TOKENS)).padding
    print(f"the whole file: {len(lengths)} rows, padding {100 * padding:.1f} %")
    sides = [side.take(np.arange(len(lengths)) < count) for side in sides]
    whole = int(sides[0].lengths.sum() + sides[1].lengths.sum())
    loop, (expected, padding) = timed(lambda: read_loop(scorer, sides), runs)
    print(f"pairs: {len(sides[0].starts)} rows, {whole:,} tokens on both sides")
    print(f"  {'loop':<16}{loop:8.2f} s  {1.0:5.2f}x  padding {100 * padding:.1f} %")
    ways = {
        "sorted": lambda reader: [reader.read_ends(side) for side in sides],
        "shared": lambda reader: reader.read_pairs(*sides),
    }
    for name, way in ways.items():

        def read(way=way):
            reader = Reader(scorer, BATCH_TOKENS)
            return way(reader), reader.work

        seconds, (scores, work) = timed(read, runs)
        off = max(np.abs(a - b).max() for a, b in zip(scores, expected, strict=True))
        print(
            f"  {name:<16}{seconds:8.2f} s  {loop / seconds:5.2f}x  padding "
            f"{100 * work.padding:.1f} %, {work.tokens:,} tokens, off by {off:.1e}"
        )


def compare_dialogues(out, scorer, runs):
    """Times of a pass a turn and of one pass."""
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.rows import entries_of, kept_batches
    from pairsmith.models.forward import Reader
    from pairsmith.scoring.dialogues import read_turns
    from pairsmith.scoring.options import BATCH_TOKENS
    from pairsmith.scoring.reading import concatenate
    from pairsmith.tokens.dialogues import open_dialogues

    built = read_manifest(out)
    parts, owners, stable, rows = [], [], [], 0
    with open_dialogues(built.recipe, scorer.tokenizer, scorer.name) as encoder:
        for entry in entries_of(built):
            for stored in kept_batches(out, built, entry, 512):
                held = encoder.encode(stored)
                parts.append(held.prefixes)
                owners.append(held.owners + rows)
                stable.append(held.stable)
                rows += len(held.rows)
    prefixes, owner, sure = concatenate(parts), np.concatenate(owners), np.concatenate(stable)

    def by_turn():
        reader = Reader(scorer, BATCH_TOKENS)
        return reader.read_ends(prefixes), reader.work

    def once():
        reader = Reader(scorer, BATCH_TOKENS)
        return read_turns(prefixes, owner, sure, reader, "float32")[1], reader.work

    loop, ([expected], padding) = timed(lambda: read_loop(scorer, [prefixes]), runs)
    print(f"dialogues: {rows} rows, {len(owner)} replies, {int(sure.sum())} rows stable")
    print(f"  {'loop':<16}{loop:8.2f} s  {1.0:5.2f}x  padding {100 * padding:.1f} %")
    turn, (_, work) = timed(by_turn, runs)
    print(f"  {'a pass a turn':<16}{turn:8.2f} s  {loop / turn:5.2f}x  {work.tokens:,} tokens")
    seconds, (scores, work) = timed(once, runs)
    off = np.abs(scores - expected).max()
    print(
        f"  {'one pass':<16}{seconds:8.2f} s  {loop / seconds:5.2f}x  padding "
        f"{100 * work.padding:.1f} %, {work.tokens:,} tokens, off by {off:.1e}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--model", type=Path)
    asked = parser.parse_args()
    print(conditions())
    import torch

    torch.set_num_threads(1)
    from pairsmith.models.loading import load_scorer
    from pairsmith.schema.rows import Form

    rows = rows_of(asked.source)
    with tempfile.TemporaryDirectory() as folder:
        model = asked.model or Path(folder, "model")
        if asked.model is None:
            make_model(model, [row["chosen"] for row in rows])
        scorer = load_scorer(str(model), Form.TEXT)
        weights = sum(weight.numel() for weight in scorer.model.parameters())
        print(f"{weights / 1e6:.1f} million parameters; goals: {GOALS}")
        outs = builds_of(rows, asked.rows, folder)
        compare_pairs(outs["pairs"], scorer, asked.rows, asked.runs)
        compare_dialogues(outs["dialogues"], scorer, asked.runs)


if __name__ == "__main__":
    main()
