"""A tokenizer and a model made on the spot: nothing is fetched."""

from support.formats import source

TEMPLATE = source("llama2")


ADDED = {"bos": "<s> {}", "eos": "{} </s>", "both": "<s> {} </s>", "none": "{}"}
"""What a tokenizer adds around a text, by what we call it."""


def llama_tokenizer(texts, added="bos", vocabulary=600):
    """A byte-level tokenizer trained on texts, with Llama's special tokens and template.

    As Llama's own: `<s>` goes in front when special tokens are asked for, and nothing behind.
    With `added="eos"`, `</s>` goes behind instead; with `"both"`, as well; with `"none"`, nothing.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE(byte_fallback=False))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    inner.post_processor = processors.TemplateProcessing(
        single=ADDED[added].format("$A"),
        pair=ADDED[added].format("$A $B"),
        special_tokens=[(name, inner.token_to_id(name)) for name in ("<s>", "</s>")],
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


TURNS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if m.role == 'assistant' %}" + (
    "END{% endif %}{% endfor %}{% if add_generation_prompt %}GO{% endif %}"
)
"""A template with the text of the END of a reply, and of what makes the model GO, left open."""


def chat_template(end="</s>", go="<assistant>", start=""):
    """A chat template: every turn opens with its role, and a reply ends as told."""
    body = TURNS.replace("END", end).replace("GO", go)
    if go == "":
        body = body.replace("{% if add_generation_prompt %}{% endif %}", "")
    return start + body


def llama_model(vocabulary):
    """A Llama of random weights, small enough to train in a test."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=1024,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return LlamaForCausalLM(config)
