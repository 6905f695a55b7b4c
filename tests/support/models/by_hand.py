"""Scores as transformers alone gives them: one text, one pass, no batches, nothing shared."""

from __future__ import annotations


def scores_by_hand(folder, lists):
    """The score of each list of ids, by the model in a folder."""
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        return [model(torch.tensor([ids])).logits.item() for ids in lists]


def ids_of_messages(tokenizer, messages):
    """The ids of a conversation, by transformers' own rendering."""
    return tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)


def ids_of_text(tokenizer, text):
    """The ids of a text as TRL's RewardTrainer makes them: EOS behind it, special tokens added."""
    eos = tokenizer.eos_token
    return tokenizer(text if text.endswith(eos) else text + eos)["input_ids"]
