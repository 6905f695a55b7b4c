"""A reward reads of a reply the ids that a reward training has of the same text."""

import math
from types import SimpleNamespace

import pytest

from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import ModelError
from pairsmith.models.generation.replies import Around, ReplyReader, find_around
from pairsmith.models.loading import load_scorer
from pairsmith.schema.rows import Form, Kind
from pairsmith.tokens.preview import open_writer
from pairsmith.tokens.tokenizer import load_tokenizer
from pairsmith.training.judges import Asked, Judge
from pairsmith.training.rl.prompts import open_prompts
from pairsmith.training.rl.rewards import MissingEnd, Reward
from support.models.folders import write_scorer
from support.models.id_rows import WORDS, build_rows, previewed
from support.models.tokenizers import MAKES, PLAIN, write_tokenizer
from support.slow import quick
from support.tiny import TEMPLATE

torch = pytest.importorskip("torch")
CHATML = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
CHATS = {"llama2": TEMPLATE, "plain": PLAIN, "chatml": CHATML}


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("builds")
    return {form: build_rows(folder / form, form) for form in ("text", "messages")}


def read_prompts(build, folder):
    """By id, the prompts of a build as a policy gets them."""
    built = read_manifest(build)
    tokenizer = load_tokenizer(str(folder), built.recipe.form)
    with open_prompts(built, tokenizer, "it") as reader:
        import pyarrow.parquet as pq

        found = {}
        for shard in sorted(build.glob("*/*.parquet")):
            for batch in pq.read_table(shard).to_batches():
                prompts, refused = reader.read(batch, Kind.PAIRS)
                assert not refused
                found |= {prompt.id: prompt.to_asked() for prompt in prompts}
    return found


def reward_ids_of(build, folder, shown):
    """By id, the ids of both sides that a reward reads, where a policy writes the very replies."""
    built = read_manifest(build)
    tokenizer = load_tokenizer(str(folder), built.recipe.form)
    asked = read_prompts(build, folder)
    eos = tokenizer.eos_token_id
    with open_writer(built, tokenizer, "it") as chat:
        around = Around()
        if chat is not None:
            around = find_around([one.said for one in asked.values()], chat, [tokenizer.eos_token])
        replies = ReplyReader(tokenizer, [eos], around)
        judge = Judge(SimpleNamespace(tokenizer=tokenizer), chat, None)
        found = {}
        for id, sides in shown.items():
            prompt = list(asked[id].ids)
            assert all(side[: len(prompt)] == prompt for side in sides)
            texts = replies.read([prompt] * 2, [side[len(prompt) :] for side in sides])
            made = judge.ids([asked[id]] * 2, texts)
            found[id] = (made.row(0), made.row(1))
    return found


CASES = [("text", make, "llama2") for make in MAKES] + [
    ("messages", make, chat) for make in MAKES for chat in CHATS
]
QUICK = [
    ("text", "bytes-bos-own", "llama2"),
    ("messages", "bytes-bos-own", "llama2"),
    ("messages", "pieces-both-eos", "plain"),
]


@pytest.mark.parametrize(("form", "make", "chat"), quick(CASES, *QUICK))
def test_a_reply_has_the_ids_of_the_row(form, make, chat, builds, tmp_path):
    """From the ids that a policy would write, by way of their text, back to those of training."""
    write_tokenizer(tmp_path, WORDS, make, CHATS[chat])
    shown = previewed(builds[form], tmp_path)
    assert len(shown) >= 5
    assert reward_ids_of(builds[form], tmp_path, shown) == shown


def test_a_space_that_leads_is_part_of_the_reply(tmp_path):
    """A tokenizer whose decoder drops it, as that of Llama 2 does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", "</s>", "▁Tea?", "▁Mint", "▁tea"]
    inner = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer, inner.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="</s>", unk_token="<unk>")
    assert tokenizer.decode([3, 4]) == "Mint tea"
    replies = ReplyReader(tokenizer, [1], Around())
    assert replies.read([[2], [2]], [[3, 4, 1], [3]]) == [" Mint tea", " Mint"]
    assert ReplyReader(tokenizer, [1], Around(" ")).read([[2]], [[3, 4, 1]]) == ["Mint tea"]
    assert [replies.is_cut(ids) for ids in ([3, 1], [3])] == [False, True]
    assert MissingEnd(replies, 0.5)(completion_ids=[[3, 1], [3]]) == [0.0, -0.5]


@pytest.fixture
def reward(tmp_path):
    """A reward by a model of random weights, of two prompts."""
    write_tokenizer(tmp_path / "tokens", WORDS)
    tokenizer = load_tokenizer(str(tmp_path / "tokens"), Form.TEXT)
    folder = write_scorer(tmp_path / "scorer", tokenizer=tokenizer)
    judge = Judge(load_scorer(str(folder), Form.TEXT, device="cpu"), None, 64)
    replies = ReplyReader(tokenizer, [tokenizer.eos_token_id], Around())
    texts = ["[INST] Short [/INST]", "[INST] Which tea? [/INST]"]
    asked = [
        Asked(f"row-{n}", text, None, tokenizer(text)["input_ids"]) for n, text in enumerate(texts)
    ]
    return Reward("reward", judge, replies, asked.__getitem__), tokenizer


def test_scores_are_those_of_the_model(reward):
    made, tokenizer = reward
    said = tokenizer(" Mint tea.", add_special_tokens=False)["input_ids"]
    state = SimpleNamespace(global_step=6)
    scores = made(
        completion_ids=[said, [*said, tokenizer.eos_token_id]], row=[1, 1], trainer_state=state
    )
    whole = tokenizer("[INST] Which tea? [/INST] Mint tea.</s>", return_tensors="pt")
    with torch.no_grad():
        expected = float(made.judge.scorer.model(**whole).logits[0, 0])
    assert scores == pytest.approx([expected, expected], abs=1e-5)
    with pytest.raises(ModelError, match=r"row-0 and a reply have .* tokens, and .* can read 64"):
        made(completion_ids=[said * 40], row=[0], trainer_state=state)


def test_a_reward_that_is_no_number_is_refused_by_name(reward):
    made, tokenizer = reward
    with torch.no_grad():
        made.judge.scorer.model.score.weight.fill_(math.nan)
    state = SimpleNamespace(global_step=6)
    said = tokenizer(" Mint", add_special_tokens=False)["input_ids"]
    with pytest.raises(ModelError, match=r"The reward by .* in step 7, .* row-1, row-0\."):
        made(completion_ids=[said] * 4, row=[1, 1, 0, 0], trainer_state=state)
