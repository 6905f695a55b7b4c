"""Scores read in batches, at several tokens at once, of prompts read once: all as one by one."""

from types import SimpleNamespace

import numpy as np
import pytest

from pairsmith.errors import ModelError
from pairsmith.models.forward import Points, Reader
from pairsmith.models.loading import Scorer
from pairsmith.tokens.ragged import from_lists
from support.slow import quick

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TOKENS, PAD = 90, 89
SMALL = {
    "vocab_size": TOKENS,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_labels": 1,
    "pad_token_id": PAD,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32}
FEED = {"intermediate_size": 32}
ROPE = {**FEED, "num_key_value_heads": 2}
KINDS = {
    "llama": ("Llama", ROPE),
    "qwen3": ("Qwen3", {**ROPE, "head_dim": 8}),
    "gpt2": ("GPT2", GPT2),
    "opt": ("OPT", {"ffn_dim": 32, "max_position_embeddings": 32, "word_embed_proj_dim": 16}),
    "neox": ("GPTNeoX", FEED),
    "gemma2": ("Gemma2", {**ROPE, "head_dim": 8}),
}
SDPA = ["llama", "qwen3", "gpt2", "opt", "neox"]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_reader(name, own, attention="sdpa", budget=120, **more):
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**{**SMALL, **own, **more})
    kind = getattr(transformers, f"{name}ForSequenceClassification")
    model = kind._from_config(config, attn_implementation=attention).eval()
    with torch.no_grad():  # as trained ones have: the last place must matter, not the first alone
        for weight in model.parameters():
            weight *= 3
    tokenizer = SimpleNamespace(pad_token_id=PAD)
    return Reader(Scorer(model, tokenizer, name, "", None, None, "cpu"), budget)


def make_pairs(seed=0, count=14):
    """Pairs of all sorts: no prompt in common, no reply, equal sides, one the other's beginning."""
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        prompt, one, other = (
            draw.integers(3, PAD, draw.integers(low, 12)).tolist() for low in (0, 1, 1)
        )
        rows.append((prompt + one, prompt + other))
    one = rows[0][0]
    rows += [(one, one), (one, [*one, 5, 6]), ([*one, 7], one), ([4], [4]), ([PAD, PAD], [4, PAD])]
    return tuple(from_lists(side) for side in zip(*rows, strict=True))


def one_by_one(reader, rows):
    """The head at the last place of each row, read by itself without padding or mask."""
    model = reader.scorer.model
    body = getattr(model, model.base_model_prefix)
    with torch.inference_mode():
        lists = [torch.tensor([rows.row(n)]) for n in range(len(rows.starts))]
        return np.array([model.score(body(ids).last_hidden_state[0, -1]).item() for ids in lists])


ALL = [(kind, "eager") for kind in KINDS] + [(kind, "sdpa") for kind in SDPA]


@pytest.mark.parametrize(("kind", "attention"), quick(ALL, ("llama", "sdpa"), ("gpt2", "eager")))
def test_all_ways_of_reading_give_the_same(kind, attention):
    reader = make_reader(*KINDS[kind], attention)
    chosen, rejected = make_pairs()
    alone = [one_by_one(reader, side) for side in (chosen, rejected)]
    assert np.ptp(alone[0]) > 0.1  # or all would be equal whatever is read
    for side, expected in zip((chosen, rejected), alone, strict=True):
        np.testing.assert_allclose(reader.read_ends(side), expected, atol=1e-5)
    assert reader.shares_prompts(16)
    for side, expected in zip(reader.read_pairs(chosen, rejected), alone, strict=True):
        np.testing.assert_allclose(side, expected, atol=1e-5)
    halves = (chosen.lengths + 1) // 2
    points = Points(
        np.repeat(np.arange(len(halves)), 2),
        np.stack([halves - 1, chosen.lengths - 1], axis=1).reshape(-1),
    )
    read = reader.read_points(chosen, points).reshape(-1, 2)
    np.testing.assert_allclose(read[:, 0], one_by_one(reader, chosen.first(halves)), atol=1e-5)
    np.testing.assert_allclose(read[:, 1], alone[0], atol=1e-5)


@pytest.mark.parametrize("budget", [1, 30, 10_000])
def test_scores_do_not_depend_on_the_budget(budget):
    chosen, rejected = make_pairs()
    usual = make_reader(*KINDS["llama"]).read_pairs(chosen, rejected)
    other = make_reader(*KINDS["llama"], budget=budget).read_pairs(chosen, rejected)
    np.testing.assert_allclose(other, usual, atol=1e-5)


def test_a_shared_prompt_is_read_once():
    reader = make_reader(*KINDS["llama"])
    prompt = [*range(3, 23)]
    pair = from_lists([[*prompt, 40]]), from_lists([[*prompt, 50, 51]])
    reader.read_pairs(*pair)
    assert reader.work.tokens == 23


def test_a_text_that_ends_in_padding_is_read_to_its_end():
    reader = make_reader(*KINDS["llama"])
    scores = reader.read_ends(from_lists([[5, 6], [5, 6, PAD], [5, 6, PAD, PAD, 7, 8]]))
    assert abs(scores[0] - scores[1]) > 1e-3


def test_a_model_that_sees_a_window_shares_no_prompts():
    own = {**ROPE, "sliding_window": 8}
    assert not make_reader("Mistral", own).shares_prompts(16)
    assert make_reader("Mistral", own).shares_prompts(4)


def test_a_model_with_a_head_of_another_make_is_read_whole():
    reader = make_reader("Bert", FEED)
    assert not reader.reads_once
    assert not reader.shares_prompts(16)
    rows, _ = make_pairs()
    model = reader.scorer.model
    with torch.inference_mode():
        lists = [torch.tensor([rows.row(n)]) for n in range(len(rows.starts))]
        alone = [model(ids).logits.item() for ids in lists]
    np.testing.assert_allclose(reader.read_ends(rows), alone, atol=1e-5)


def test_a_device_that_is_too_small_is_told(monkeypatch):
    reader = make_reader(*KINDS["llama"])

    def run_out(*_args, **_kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(reader, "_body", run_out)
    with pytest.raises(ModelError, match="too little memory"):
        reader.read_ends(from_lists([[3, 4]]))
