"""Folders of tiny models, as `save_pretrained` writes them: nothing is fetched."""

from support.tiny import llama_tokenizer

WORDS = "Human Assistant How do I water the fern tea garden seeds please thank you every morning."


def write_causal(folder, texts=(WORDS,), hidden=16, layers=1, added="bos", tokenizer=None):
    """A causal language model of random weights with its tokenizer; returns the folder."""
    return _write(folder, "LlamaForCausalLM", texts, hidden, layers, added, tokenizer)


def write_scorer(folder, texts=(WORDS,), hidden=16, layers=1, added="bos", tokenizer=None):
    """A preference model of random weights, its pad token distinct; returns the folder."""
    return _write(folder, "LlamaForSequenceClassification", texts, hidden, layers, added, tokenizer)


def _write(folder, kind, texts, hidden, layers, added, tokenizer):
    import torch
    import transformers

    tokenizer = tokenizer or llama_tokenizer(list(texts), added)
    if kind.endswith("Classification") and tokenizer.pad_token in (None, tokenizer.eos_token):
        tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        num_labels=1,
    )
    model = getattr(transformers, kind)(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
