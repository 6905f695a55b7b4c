"""The ids that a model is trained on are those of previews, of scores, and of rewards."""

import itertools
from collections import Counter
from contextlib import contextmanager

import pytest

import pairsmith
from pairsmith.schema.rows import Form
from pairsmith.tokens.reward_ids import reward_ids
from pairsmith.tokens.tokenizer import load_tokenizer
from support.built import bare, shards_of
from support.models.folders import write_causal
from support.models.id_rows import ROWS, WORDS, build_rows, previewed
from support.models.tokenizers import MAKES, write_tokenizer
from support.slow import quick, slow
from support.training import train_quietly

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
FORMS = ("text", "messages")
BYTES = [make for make in MAKES if make.startswith("bytes")]
CASES = [
    *itertools.product(FORMS, BYTES),
    ("text", "pieces-both-eos"),
    ("messages", "pieces-eos-none"),
]
CLOSE = 1e-5


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("builds")
    return {form: build_rows(folder / form, form) for form in FORMS}


@pytest.fixture
def base(tmp_path):
    """Writes a base model with a tokenizer of a make; returns its folder."""

    def make_base(make):
        tokenizer = write_tokenizer(tmp_path / "base", WORDS, make)
        return write_causal(tmp_path / "base", tokenizer=tokenizer)

    return make_base


@contextmanager
def watched():
    """Notes the ids of every row that any model with a score head gets, without padding."""
    seen = []

    def note(module, _args, given, _made):
        if type(module).__name__.endswith("ForSequenceClassification"):
            for ids, mask in zip(given["input_ids"], given["attention_mask"], strict=True):
                seen.append(tuple(ids[mask.bool()].tolist()))

    hook = torch.nn.modules.module.register_module_forward_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


def plain_scores(run, ids_of):
    """By id, the score of either side as transformers give it for a row by itself."""
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(run).eval()
    with torch.no_grad():
        return {
            id: tuple(float(model(torch.tensor([ids])).logits[0, 0]) for ids in sides)
            for id, sides in ids_of.items()
        }


def given_scores(build, name):
    """By id, what an annotation of scores says: either side's score, and its tokens."""
    rows = [
        row
        for batch in pairsmith.read_annotation(build, name).batches()
        for row in batch.to_pylist()
    ]
    return {
        row["id"]: (
            (row["chosen_score"], row["rejected_score"]),
            (row["chosen_tokens"], row["rejected_tokens"]),
        )
        for row in rows
    }


@pytest.mark.parametrize(("form", "make"), quick(CASES, ("text", "bytes-bos-eos")))
def test_training_previews_and_scores_have_the_same_ids(form, make, builds, base, tmp_path):
    build, model = builds[form], base(make)
    shown = previewed(build, model)
    with watched() as seen:
        run = train_quietly(build, tmp_path / "run", model, num_train_epochs=1, max_steps=-1)
    assert len(shown) >= len(ROWS) - 1
    assert Counter(seen) == Counter(tuple(ids) for sides in shown.values() for ids in sides)
    assert previewed(build, run.folder) == shown  # by the tokenizer that the run saved

    pairsmith.score(build, run.folder, name=f"{form}-{make}")
    scored = given_scores(build, f"{form}-{make}")
    expected = plain_scores(run.folder, shown)
    assert scored.keys() == expected.keys()
    for id, (scores, tokens) in scored.items():
        assert scores == pytest.approx(expected[id], abs=CLOSE)
        assert tokens == tuple(map(len, shown[id]))
    if form == "text":  # the score is read at EOS, whatever the tokenizer pads with
        ends = {ids[-1] for sides in shown.values() for ids in sides}
        assert ends == {load_tokenizer(str(model), Form.TEXT).eos_token_id}


@slow
@pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning")  # TRL's own use of transformers
@pytest.mark.parametrize(
    ("trainer", "make"),
    [
        ("GRPO", "bytes-bos-eos"),
        ("GRPO", "bytes-both-none"),
        ("GRPO", "pieces-none-own"),
        ("RLOO", "bytes-both-none"),
    ],
)
def test_rewards_of_messages_are_the_scores(trainer, make, builds, base, tmp_path):
    """TRL's own reward of a reply, in reinforcement learning, has the ids and the score."""
    build, model = builds["messages"], base(make)
    run = train_quietly(build, tmp_path / "run", model)
    name = f"rewards-{trainer.lower()}-{make}"
    pairsmith.score(build, run.folder, name=name)
    scored = given_scores(build, name)
    rows = shards_of(build)
    prompts = [bare(row["prompt"]) for row in rows]
    rewarding = getattr(trl, f"{trainer}Trainer")(
        model=str(model),
        reward_funcs=str(run.folder),
        args=getattr(trl, f"{trainer}Config")(
            output_dir=str(tmp_path / "rl"),
            report_to=[],
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
        ),
        train_dataset=datasets.Dataset.from_list([{"prompt": one} for one in prompts]),
    )
    shown = previewed(build, model)
    for place, side in enumerate(("chosen", "rejected")):
        replies = [bare(row[side]) for row in rows]
        with watched() as seen:
            asked = [{"prompt": prompt} for prompt in prompts]
            rewards = rewarding._calculate_rewards(asked, prompts, replies, [[0]] * len(rows))
        assert seen == [tuple(shown[row["id"]][place]) for row in rows]
        expected = [scored[row["id"]][0][place] for row in rows]
        assert rewards[:, 0].tolist() == pytest.approx(expected, abs=CLOSE)


@slow
@pytest.mark.parametrize("make", ["bytes-bos-eos", "bytes-both-none", "bytes-none-own"])
def test_rewards_of_text_are_the_scores_by_the_ids_that_are_ours(make, builds, base, tmp_path):
    """TRL would leave out what a tokenizer adds; `reward_ids` does not."""
    build, model = builds["text"], base(make)
    run = train_quietly(build, tmp_path / "run", model)
    pairsmith.score(build, run.folder, name=f"rewards-{make}")
    tokenizer = load_tokenizer(str(run.folder), Form.TEXT)
    rows = shards_of(build)
    replies = [row["chosen"].removesuffix("</s>") for row in rows]
    ids = reward_ids([row["prompt"] for row in rows], replies, tokenizer, None)
    by_id = {row["id"]: (ids.row(place),) for place, row in enumerate(rows)}
    scored = given_scores(build, f"rewards-{make}")
    for id, (score,) in plain_scores(run.folder, by_id).items():
        assert score == pytest.approx(scored[id][0][0], abs=CLOSE)
