"""Best-of-n of a model whose replies and their scores are known: as good, and as far, as it is."""

import json
from itertools import pairwise
from math import log

import numpy as np
import pytest

import pairsmith
from pairsmith.models.loading import load_scorer
from pairsmith.scoring.conversations import open_conversations
from support.models.folders import WORDS, write_scorer
from support.slow import slow
from support.tiny import llama_tokenizer

SHARES = {
    " tea": 0.3,
    " fern": 0.25,
    " water": 0.2,
    " garden": 0.15,
    " seeds": 0.08,
    " please": 0.02,
}
PROMPTS, SAMPLES = 120, 4


def write_planted(folder):
    """A model that writes one of a few words with the shares above, whatever it is asked."""
    torch = pytest.importorskip("torch")
    from transformers import PhiConfig, PhiForCausalLM

    tokenizer = llama_tokenizer([WORDS])
    config = PhiConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=2, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    model = PhiForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight.zero_()
        model.lm_head.bias.fill_(-1e4)
        for word, share in SHARES.items():
            [id] = tokenizer(word, add_special_tokens=False)["input_ids"]
            model.lm_head.bias[id] = log(share)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def counted_out(scores):
    """The mean score of the best, and its divergence, of replies with these scores."""
    order = np.argsort(scores)
    shares = np.array([*SHARES.values()])[order]
    ends = np.minimum(np.concatenate([[0.0], np.cumsum(shares)]), 1)
    best = np.array([high**SAMPLES - low**SAMPLES for low, high in pairwise(ends)])
    return float(best @ scores[order]), float(best @ np.log(best / shares))


@slow
def test_the_best_is_as_good_and_as_far_as_can_be_counted_out(tmp_path):
    model, scorer = write_planted(tmp_path / "model"), write_scorer(tmp_path / "scorer")
    asked = [f"How do I water the fern in garden {n}?" for n in range(PROMPTS)]
    (tmp_path / "asked.txt").write_text("\n".join(asked))
    made = pairsmith.generate(
        tmp_path / "asked.txt", tmp_path / "out", model=model, score=scorer, best_of=SAMPLES,
        max_tokens=1,
    )  # fmt: skip
    told = made.manifest.summary
    talks = [
        [{"role": "user", "content": text}, {"role": "assistant", "content": word.strip()}]
        for text in asked
        for word in SHARES
    ]
    with open_conversations(load_scorer(str(scorer), device="cpu"), 16_384) as ready:
        scores = np.array([one.score for one in ready.score(talks)])
    truth = np.array([counted_out(some) for some in scores.reshape(PROMPTS, -1)])
    plain = float((scores.reshape(PROMPTS, -1) @ np.array([*SHARES.values()])).mean())
    best, far = truth.mean(axis=0).tolist()
    assert told["prompts"] == PROMPTS
    assert told["gain_low"] <= best - plain <= told["gain_high"]
    kl = told["kl"]
    assert kl["low"] <= far <= kl["high"]
    assert kl["measured"] == pytest.approx(far, abs=0.15)
    assert far < kl["predicted"] - 0.03  # likely replies make it smaller, and that was measured
    rows = [
        json.loads(line)
        for path in made.folder.glob("**/*.jsonl")
        for line in path.read_text().splitlines()
    ]
    drawn = [one["text"] for row in rows for one in row["samples"]]
    for word, share in SHARES.items():
        error = (share * (1 - share) / len(drawn)) ** 0.5
        assert drawn.count(word.strip()) / len(drawn) == pytest.approx(share, abs=4 * error)
