"""Replies drawn from a model at hand: by seed, whatever else is drawn, from its distribution."""

from types import SimpleNamespace

import numpy as np
import pytest

from pairsmith.errors import ModelError, RecipeError
from pairsmith.models.generation.distribution import distribution, draw
from pairsmith.models.generation.local import sample
from pairsmith.models.generation.log_probs import log_probs
from pairsmith.models.generation.sample import LENGTH, STOP, Sampling, seed_of
from pairsmith.models.policies import Policy
from support.slow import quick

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TOKENS, EOS = 40, 2
SMALL = {
    "vocab_size": TOKENS, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": EOS,
}  # fmt: skip
ROPE = {"intermediate_size": 32, "num_key_value_heads": 2, "max_position_embeddings": 64}
KINDS = {
    "llama": ("Llama", ROPE),
    "gpt2": ("GPT2LMHead", {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}),
    "opt": ("OPT", {"ffn_dim": 32, "max_position_embeddings": 64, "word_embed_proj_dim": 16}),
    "gemma2": ("Gemma2", {**ROPE, "head_dim": 8, "sliding_window": 8}),
    "mistral": ("Mistral", {**ROPE, "sliding_window": 8}),
    "neox": ("GPTNeoX", {"intermediate_size": 32, "max_position_embeddings": 64}),
}
PROMPTS = [[1, 5, 6, 7], [1, 9], [1, 5, 6, 7], [1, *range(10, 25)], [1, 30, 31]]
SEEDS = [11, 12, 13, 14, 15]
HOW = Sampling(max_tokens=20)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_policy(kind="llama"):
    torch.manual_seed(0)
    name, own = KINDS[kind]
    config = getattr(transformers, f"{name.removesuffix('LMHead')}Config")(**{**SMALL, **own})
    model = (
        getattr(transformers, f"{name}Model" if name.endswith("Head") else f"{name}ForCausalLM")
        ._from_config(config)
        .eval()
    )
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 3
    tokenizer = SimpleNamespace(
        pad_token_id=0, eos_token_id=EOS, decode=lambda ids, **_: " ".join(map(str, ids))
    )
    return Policy(model, tokenizer, kind, "", None, None, "cpu")


@pytest.fixture(scope="module")
def policy():
    return make_policy()


@pytest.mark.parametrize("kind", quick(KINDS, "llama", "mistral"))
def test_a_reply_is_as_probable_as_a_plain_pass_finds_it(kind):
    """Padding on the left, the cache, and rows that leave the batch change nothing."""
    policy = make_policy(kind)
    drawn = sample(policy, PROMPTS, SEEDS, HOW)
    for prompt, one in zip(PROMPTS, drawn, strict=True):
        with torch.no_grad():
            logits = policy.model(torch.tensor([[*prompt, *one.ids]])).logits[0]
        plain = torch.log_softmax(logits.double(), -1)[len(prompt) - 1 : -1]
        wanted = plain.gather(-1, torch.tensor(one.ids)[:, None])[:, 0]
        assert one.log_prob == pytest.approx(float(wanted.sum()), abs=1e-4)
        [told] = log_probs(policy, [prompt], [one.ids])
        assert told == pytest.approx(wanted.numpy(), abs=1e-5)


def test_a_seed_gives_its_reply_whatever_else_is_drawn(policy):
    together = sample(policy, PROMPTS, SEEDS, HOW)
    alone = [sample(policy, [p], [s], HOW)[0] for p, s in zip(PROMPTS, SEEDS, strict=True)]
    narrow = sample(policy, PROMPTS[::-1], SEEDS[::-1], HOW, batch_tokens=50)[::-1]
    assert [one.ids for one in together] == [one.ids for one in alone]
    assert [one.ids for one in together] == [one.ids for one in narrow]
    assert together[0].ids != together[2].ids  # one prompt, two seeds
    again = sample(policy, PROMPTS, SEEDS, HOW)
    assert [one._replace(seconds=0) for one in again] == [
        one._replace(seconds=0) for one in together
    ]


def test_a_reply_ends_where_the_model_ends_it_or_at_its_most_tokens(policy):
    drawn = sample(policy, [[1, 5]] * 60, range(60), HOW)
    for one in drawn:
        assert (one.finish_reason == STOP) == (one.ids[-1] == EOS)
        assert one.tokens == len(one.ids) == (20 if one.finish_reason == LENGTH else one.tokens)
        assert EOS not in one.ids[:-1]
        assert one.text.split() == [str(id) for id in one.ids if id != EOS]
    assert {one.finish_reason for one in drawn} == {STOP, LENGTH}


@pytest.mark.parametrize("how", [Sampling(), Sampling(0.7), Sampling(1.0, 0.8)], ids=str)
def test_tokens_are_drawn_as_often_as_they_are_probable(how):
    logits = torch.tensor([2.0, 1.0, 0.5, -1.0, -3.0])
    rows = 20_000
    generators = [torch.Generator().manual_seed(seed) for seed in range(rows)]
    chosen, told = draw(logits.expand(rows, -1), generators, how)
    shares = np.bincount(chosen.numpy(), minlength=5) / rows
    wanted = torch.softmax(logits.double() / how.temperature, -1).numpy()
    if how.top_p < 1:  # 0.61 + 0.23: the third is no longer among them
        wanted = np.where(np.arange(5) < 2, wanted, 0) / wanted[:2].sum()
    error = np.sqrt(wanted * (1 - wanted) / rows)
    assert (np.abs(shares - wanted) <= 4.5 * error).all()
    assert told.exp().numpy() == pytest.approx(wanted[chosen.numpy()], abs=1e-6)
    assert distribution(logits, how).exp().numpy() == pytest.approx(wanted, abs=1e-6)


def test_without_temperature_the_most_probable_reply_is_written(policy):
    one, other = sample(policy, [[1, 5, 6]] * 2, [1, 2], Sampling(0, max_tokens=8))
    held = [1, 5, 6]
    with torch.no_grad():
        for id in one.ids:
            assert id == int(policy.model(torch.tensor([held])).logits[0, -1].argmax())
            held.append(id)
    assert one.ids == other.ids


def test_a_prompt_that_leaves_no_room_is_refused(policy):
    with pytest.raises(ModelError, match=r"45 tokens, and a reply may have 20: more than the 64"):
        sample(policy, [[1] * 45], [1], HOW)
    with pytest.raises(ModelError, match="no tokens"):
        sample(policy, [[]], [1], HOW)


def test_a_model_that_computes_no_numbers_is_told():
    policy = make_policy()
    with torch.no_grad():
        policy.model.lm_head.weight[:] = float("nan")
    for temperature in (1.0, 0.0):
        with pytest.raises(ModelError, match="not a number"):
            sample(policy, [[1, 5]], [1], Sampling(temperature, max_tokens=5))


@pytest.mark.parametrize(
    "given", [{"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}, {"max_tokens": 0}]
)
def test_settings_out_of_range(given):
    with pytest.raises(RecipeError):
        Sampling(**given)


def test_seeds_are_of_a_prompt_and_a_number():
    prompts = ["tea", "tea ", [{"role": "user", "content": "tea"}]]
    seeds = {seed_of(seed, p, n) for seed in (0, 1) for p in prompts for n in range(50)}
    assert len(seeds) == 300
    assert all(0 <= seed < 2**31 for seed in seeds)
