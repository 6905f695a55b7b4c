"""A reply that stands in no build gets the ids that it would have had in one."""

import pytest

from pairsmith.errors import TokenizerError
from pairsmith.schema.rows import Form
from pairsmith.tokens.render import open_chat
from pairsmith.tokens.reward_ids import reward_ids
from pairsmith.tokens.tokenizer import load_tokenizer
from support.built import bare, shards_of
from support.models.id_rows import WORDS, build_rows, previewed
from support.models.tokenizers import MAKES, PLAIN, write_tokenizer
from support.slow import quick, slow
from support.tiny import TEMPLATE

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("builds")
    return {form: build_rows(folder / form, form) for form in ("text", "messages")}


def sides_of(build, form, eos):
    """By id, the prompt and both replies as they would come back from a model that wrote them."""
    for row in shards_of(build):
        if form == "text":  # what is decoded has no special tokens
            replies = [row[side].removesuffix(eos) for side in ("chosen", "rejected")]
            yield row["id"], row["prompt"], replies
        else:
            yield row["id"], bare(row["prompt"]), [bare(row["chosen"]), bare(row["rejected"])]


def ids_for_rewards(build, form, folder):
    """By id, the ids of both sides by `reward_ids`."""
    tokenizer = load_tokenizer(str(folder), Form(form))
    ids, prompts, replies = zip(*sides_of(build, form, tokenizer.eos_token), strict=True)
    twice = [prompt for prompt in prompts for _ in range(2)]
    both = [reply for two in replies for reply in two]
    if form == "text":
        made = reward_ids(twice, both, tokenizer, None)
    else:
        with open_chat(tokenizer, str(folder)) as chat:
            made = reward_ids(twice, both, tokenizer, chat)
    return {id: (made.row(2 * place), made.row(2 * place + 1)) for place, id in enumerate(ids)}


@pytest.mark.parametrize("make", quick(MAKES, "bytes-bos-own", "pieces-both-eos"))
@pytest.mark.parametrize("form", ["text", "messages"])
def test_ids_are_those_of_the_build(make, form, builds, tmp_path):
    tokenizer = write_tokenizer(tmp_path, WORDS, make)
    shown = previewed(builds[form], tmp_path)
    assert len(shown) >= 5
    assert ids_for_rewards(builds[form], form, tmp_path) == shown
    if form == "text":  # and special tokens stand where training put them
        added = make.split("-")[1]
        for chosen, rejected in shown.values():
            for ids in (chosen, rejected):
                front = [tokenizer.bos_token_id] * (added in ("bos", "both"))
                behind = [tokenizer.eos_token_id] * (1 + (added in ("eos", "both")))
                assert ids[: len(front)] == front
                assert ids[-len(behind) :] == behind
                assert ids[len(front)] != tokenizer.bos_token_id


@slow
@pytest.mark.parametrize("chat", [TEMPLATE, PLAIN], ids=["llama2", "plain"])
def test_messages_have_the_ids_that_rewards_of_trl_get(chat, builds, tmp_path):
    """GRPOTrainer and RLOOTrainer write messages by the template and add no special tokens."""
    trl = pytest.importorskip("trl")
    tokenizer = write_tokenizer(tmp_path, WORDS, "bytes-both-eos", chat)
    ours = ids_for_rewards(builds["messages"], "messages", tmp_path)
    for id, prompt, replies in sides_of(builds["messages"], "messages", "</s>"):
        for mine, reply in zip(ours[id], replies, strict=True):
            written = trl.apply_chat_template({"messages": [*prompt, *reply]}, tokenizer)["text"]
            assert mine == tokenizer(written, add_special_tokens=False)["input_ids"]


def test_text_ends_once(builds, tmp_path):
    """A reply that still has its EOS, as where special tokens were kept, gets no second one."""
    write_tokenizer(tmp_path, WORDS)
    tokenizer = load_tokenizer(str(tmp_path), Form.TEXT)
    cut, whole = (reward_ids(["Tea?"], [text], tokenizer, None) for text in (" Mint", " Mint</s>"))
    assert cut.row(0) == whole.row(0)
    assert cut.row(0).count(tokenizer.eos_token_id) == 1


def test_what_the_template_refuses_is_told(tmp_path):
    write_tokenizer(tmp_path, WORDS, chat=TEMPLATE)
    tokenizer = load_tokenizer(str(tmp_path), Form.MESSAGES)
    talk = [{"role": "user", "content": "Tea?"}]
    reply = [{"role": "assistant", "content": "Mint"}]
    refused = pytest.raises(TokenizerError, match="conversation 2")
    with open_chat(tokenizer, "tea") as chat, refused:
        reward_ids([talk, talk], [reply, talk], tokenizer, chat)
