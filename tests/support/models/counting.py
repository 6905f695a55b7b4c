"""A language of few words, policies that write it, and preference models that count them.

What a model of random weights writes in it is read back as the same tokens, and what a preference
model makes of a text is known: the mean worth of its tokens.
"""

import json

import pairsmith
from support.tiny import TEMPLATE

WORDS = [f"w{number}" for number in range(24)]
GOOD = WORDS[:8]
"""Words that a planted preference model likes."""

CONTEXT = 128


def write_words(folder, chat=TEMPLATE):
    """Saves a tokenizer whose tokens are words; returns it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    known = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", *WORDS]
    inner = Tokenizer(models.WordLevel({word: n for n, word in enumerate(known)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    made.chat_template = chat
    made.save_pretrained(folder)
    return made


def write_policy(folder, chat=TEMPLATE, seed=0):
    """Saves a policy of random weights that writes words; returns the folder."""
    import torch
    import transformers

    tokenizer = write_words(folder, chat)
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(_config(tokenizer, transformers))
    with torch.no_grad():
        for id in tokenizer.all_special_ids + tokenizer.convert_tokens_to_ids(
            ["[INST]", "[/INST]"]
        ):
            if id != tokenizer.eos_token_id:  # what no reply has
                model.lm_head.weight[id] *= 0
    model.save_pretrained(folder)
    return folder


def write_counter(folder, worth, chat=TEMPLATE):
    """Saves a preference model whose score grows with the mean worth of a text's tokens.

    It has one layer, which looks at all tokens alike.

    Args:
        folder: Where.
        worth: By word, its worth; 0 for others.
        chat: The chat template.
    """
    import torch
    import transformers

    tokenizer = write_words(folder, chat)
    tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    tokenizer.save_pretrained(folder)
    config = _config(tokenizer, transformers)
    config.num_labels, config.pad_token_id = 1, tokenizer.pad_token_id
    model = transformers.LlamaForSequenceClassification(config)
    with torch.no_grad():
        for held in model.parameters():
            held.zero_()
        body, layer = model.model, model.model.layers[0]
        for norm in (body.norm, layer.input_layernorm, layer.post_attention_layernorm):
            norm.weight.fill_(1.0)
        body.embed_tokens.weight[:, 1] = 4.0  # so that norms are alike
        for word, value in worth.items():
            body.embed_tokens.weight[tokenizer.convert_tokens_to_ids(word), 0] = value
        layer.self_attn.v_proj.weight[0, 0] = 1.0
        layer.self_attn.o_proj.weight[2, 0] = 1.0
        model.score.weight[0, 2] = 4.0
    model.save_pretrained(folder)
    return folder


def _config(tokenizer, transformers):
    return transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=CONTEXT,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def build_words(folder, form="messages", train=24, test=8):
    """Builds pairs in that language, each prompt of train twice; returns the build."""
    source = folder / "words"
    source.mkdir(parents=True)
    for split, first, rows in (("train", 0, train), ("test", 1000, test)):
        lines = [json.dumps(_pair(first + number // 2)) for number in range(rows)]
        (source / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    template = {"as_": "text", "template": "llama2"} if form == "text" else {}
    pairsmith.build(source, folder / "build", **template)
    return folder / "build"


def _pair(number):
    many = len(WORDS)
    asked = " ".join(WORDS[place % many] for place in (number, number // many, 5 * number + 3))
    said = {"chosen": f"{WORDS[number % 8]} w1", "rejected": f"{WORDS[8 + number % 8]} w20"}
    return {
        "prompt": [{"role": "user", "content": asked}],
        **{name: [{"role": "assistant", "content": text}] for name, text in said.items()},
    }
