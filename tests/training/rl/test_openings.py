"""Of a red-team dialogue the turn that opens it is asked, with the ids that it has in the build."""

import json

import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.schema.rows import Form
from pairsmith.tokens.tokenizer import load_tokenizer
from pairsmith.training.rl.prompts import PromptWriter, open_prompts, read_prompts
from support.built import shards_of
from support.models.folders import write_causal, write_scorer
from support.rl import train_rl_quietly
from support.slow import slow

pytest.importorskip("torch")

SUBSET = "red-team-attempts"
SAID = [
    ("Which tea keeps me awake?", "Mint.", "Why?", "It does not."),
    ("Which tea keeps me awake?", "No tea."),  # asked again, by somebody else
    ("  Is sage a tea, too?  ", "It is."),
    ("Wie heißt die Blüte? 花", "Gänseblümchen 🌼"),
    ("One line\n\n- and a list", "Thanks."),
]
WORDS = [" ".join(turns) for turns in SAID]
FORMS = ("messages", "text")


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    """Builds of red-team dialogues, by form. Not to be changed."""
    place = tmp_path_factory.mktemp("attempts")
    folder = place / "source" / SUBSET
    folder.mkdir(parents=True)
    rows = [
        {
            "transcript": "".join(
                f"\n\n{('Human', 'Assistant')[n % 2]}: {turn}" for n, turn in enumerate(turns)
            ),
            "min_harmlessness_score_transcript": -1.5,
            "rating": 3,
        }
        for turns in SAID
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "red_team_attempts.jsonl").write_text(lines)
    pairsmith.build(place / "source", place / "messages")
    pairsmith.build(place / "source", place / "text", template="llama2")
    return place


def whole_ids(row, tokenizer):
    """The ids of a dialogue of a build."""
    if "text" in row:
        return tokenizer(row["text"])["input_ids"]
    said = [{"role": one["role"], "content": one["content"]} for one in row["messages"]]
    return tokenizer.apply_chat_template(said, return_dict=False)


@pytest.mark.parametrize("form", FORMS)
def test_openings_have_the_ids_that_they_have_in_the_build(form, attempts, tmp_path):
    write_causal(tmp_path / "model", WORDS)
    tokenizer = load_tokenizer(str(tmp_path / "model"), Form(form))
    out = attempts / form
    built, path = read_manifest(out), tmp_path / "prompts.arrow"
    with open_prompts(built, tokenizer, "it") as reader:
        made = PromptWriter(path, reader, frozenset(), 1000).write(out, built)
    [account] = made.accounts
    assert account.to_dict() == {"read": 5, "trained": 4, "duplicate": 1}
    rows = {row["id"]: row for row in shards_of(out)}
    asked = read_prompts(path)
    assert [one.id for one in asked] == [f"{SUBSET}/train/{n}" for n in (1, 3, 4, 5)]
    for one in asked:
        whole = list(whole_ids(rows[one.id], tokenizer))
        assert whole[: len(one.ids)] == list(one.ids)
        assert tokenizer.decode(one.ids).endswith("[/INST]")
        said = one.said if isinstance(one.said, str) else one.said[0]["content"]
        opening = rows[one.id]["transcript"].removeprefix("\n\nHuman: ").partition("\n\nAssi")[0]
        assert opening.strip() in said


@slow
@pytest.mark.parametrize("form", FORMS)
def test_a_policy_is_trained_on_openings(form, attempts, tmp_path):
    policy, reward = write_causal(tmp_path / "policy", WORDS), write_scorer(tmp_path / "rm", WORDS)
    made = train_rl_quietly(
        attempts / form, tmp_path / "run", policy, reward,
        per_device_train_batch_size=8, max_steps=2,
    )  # fmt: skip
    assert made.manifest.ledger == {
        f"{SUBSET}/train": {"read": 5, "trained": 4, "duplicate": 1},
    }
    assert made.manifest.metrics["steps"] == 2
