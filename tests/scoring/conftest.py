"""Preference models of random weights, and a small source of pairs and dialogues for them."""

import json

import pytest

import pairsmith
from support.built import shards_of
from support.models.folders import write_scorer


@pytest.fixture(autouse=True, scope="session")
def few_threads():
    """Tiny models are slower on several cores."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def scorer(tmp_path_factory):
    """A model whose tokenizer begins texts with BOS. Not to be changed."""
    return write_scorer(tmp_path_factory.mktemp("scorer"))


@pytest.fixture(scope="session")
def scorers(tmp_path_factory, scorer):
    """One for each way in which a tokenizer adds special tokens. Not to be changed."""
    folders = {"bos": scorer}
    for added in ("eos", "none"):
        folders[added] = write_scorer(tmp_path_factory.mktemp(added), added=added)
    return folders


@pytest.fixture(scope="session")
def rows_of():
    """The rows of a build by id, as they lie in its shards."""
    return lambda out: {row["id"]: row for row in shards_of(out)}


THINGS = ("fern", "mint", "basil", "tea", "moss", "thyme")
ASKED = ("How do I water the {}?", "May the {} stand in the sun?", "Why is my {} so pale?")
SAID = ("Every morning, please.", "No.", "It likes shade, and a little rain now and then.")


def talk(seed, turns):
    """A transcript of so many turns."""
    said = (
        f"\n\nHuman: {ASKED[(seed + n) % 3].format(THINGS[(seed + n) % 6])}"
        if n % 2 == 0
        else f"\n\nAssistant: {SAID[(seed * 2 + n) % 3]}"
        for n in range(turns)
    )
    return "".join(said)


def write_source(folder, pairs=12, dialogues=6):
    """A folder laid out as HH-RLHF, with transcripts of two to eight turns."""
    rows = [
        {
            "chosen": f"{talk(n, 2 * (n % 3) + 1)}\n\nAssistant: Yes, it is number {n}.",
            "rejected": f"{talk(n, 2 * (n % 3) + 1)}\n\nAssistant: {SAID[n % 3]}",
        }
        for n in range(pairs)
    ]
    attempts = [
        {"transcript": talk(n, 2 + 2 * (n % 4)), "task_description": f"Ask about {THINGS[n % 6]}."}
        for n in range(dialogues)
    ]
    for subset, some in (("helpful-base", rows[::2]), ("harmless-base", rows[1::2])):
        place = folder / subset
        place.mkdir(parents=True)
        (place / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
    place = folder / "red-team-attempts"
    place.mkdir()
    (place / "red_team_attempts.jsonl").write_text(json.dumps(attempts))
    return folder


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """A small source built as text and as messages; annotations are made beside."""
    folder = tmp_path_factory.mktemp("builds")
    source = write_source(folder / "in")
    pairsmith.build(source, folder / "messages")
    pairsmith.build(source, folder / "text", template="llama2", shard_rows=3)
    return folder
