"""The text of a sample is what the policy wrote: behind its prompt it has the very ids again."""

from types import SimpleNamespace

import pytest

from pairsmith.errors import ModelError
from pairsmith.models.generation.local import sample
from pairsmith.models.generation.replies import stop_ids
from pairsmith.models.generation.sample import Sampling
from pairsmith.models.policies import Policy
from pairsmith.tokens.reward_ids import reward_ids
from support.models.counting import WORDS

torch = pytest.importorskip("torch")

PROMPTS = ["[INST] w1 w2 [/INST]", "[INST] w3 [/INST]"]


def decoders_of(name):
    """What drops the space that leads a text, as Llama 2's decoder and Mistral's do."""
    from tokenizers import decoders

    strips = [decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    return {"metaspace": decoders.Metaspace(), "strip": decoders.Sequence(strips)}[name]


def spaced_policy(decoder):
    """A policy of random weights that writes words, each with the space before it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    known = ["<unk>", "<s>", "</s>", *(f"▁{word}" for word in ("[INST]", "[/INST]", *WORDS))]
    inner = Tokenizer(models.WordLevel({word: n for n, word in enumerate(known)}, "<unk>"))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.Metaspace(), decoders_of(decoder)
    inner.post_processor = processors.TemplateProcessing("<s> $A", None, [("<s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(known), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        model.lm_head.weight[:2] = 0  # no text says these
    return Policy(model, tokenizer, "it", "", None, None, "cpu")


@pytest.mark.parametrize("decoder", ["metaspace", "strip"])
def test_the_text_of_a_sample_has_the_ids_that_were_sampled(decoder):
    torch.set_num_threads(1)
    policy = spaced_policy(decoder)
    tokenizer = policy.tokenizer
    assert tokenizer.decode([5, 6]) == "w0 w1"  # the space before w0 is gone
    prompts = [tokenizer(text)["input_ids"] for text in PROMPTS] * 20
    drawn = sample(policy, prompts, range(40), Sampling(max_tokens=30))
    kept = [
        (prompt, text, one)
        for prompt, text, one in zip(prompts, PROMPTS * 20, drawn, strict=True)
        if not {0, 1} & {*one.ids}
    ]
    assert sum(one.ids[-1] == 2 and len(one.ids) > 1 for *_, one in kept) >= 5
    for prompt, text, one in kept:
        said = one.ids[:-1] if one.ids[-1] == 2 else one.ids
        assert tokenizer(text + one.text)["input_ids"] == [*prompt, *said]
        read = reward_ids([text], [one.text], tokenizer, None).row(0)
        assert [*read] == [*prompt, *said, 2]  # what a preference model scores


@pytest.mark.parametrize("named", ["</s>", [2, "x"], [[2]], 1.5, -1, 10**30, True, {"a": 2}])
def test_settings_that_name_no_token_as_an_end_are_refused(named):
    policy = SimpleNamespace(
        name="ferns",
        model=SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=named)),
        tokenizer=SimpleNamespace(eos_token_id=2),
    )
    with pytest.raises(ModelError, match="ferns names an eos_token_id"):
        stop_ids(policy)
    policy.model.generation_config.eos_token_id = [7, 2]
    assert stop_ids(policy) == {2, 7}
