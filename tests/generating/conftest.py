"""A small source of pairs, built both ways, and models of random weights to write and to score."""

import json

import pytest

import pairsmith
from support.models.folders import write_causal, write_scorer

THINGS = ("fern", "mint", "basil", "moss")
ASKED = ("How do I water the {}?", "May the {} stand in the sun?", "Why is my {} so pale?")


@pytest.fixture(autouse=True, scope="session")
def few_threads():
    """Tiny models are slower on several cores."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_pairs(folder, train=10, test=4):
    folder.mkdir(parents=True)
    for split, first, rows in (("train", 0, train), ("test", train, test)):
        lines = [json.dumps(_pair(first + number)) for number in range(rows)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def _pair(number):
    asked = ASKED[number % 3].format(f"{THINGS[number % 4]} number {number}")
    before = "\n\nHuman: Hello.\n\nAssistant: Good morning." if number % 2 else ""
    prompt = f"{before}\n\nHuman: {asked}\n\nAssistant:"
    return {"chosen": f"{prompt} Every morning, please.", "rejected": f"{prompt} No."}


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """One build of messages and one of text, of the same rows. Not to be changed."""
    folder = tmp_path_factory.mktemp("builds")
    write_pairs(folder / "source" / "helpful-base")
    pairsmith.build(folder / "source", folder / "messages")
    pairsmith.build(folder / "source", folder / "text", template="llama2")
    return folder


@pytest.fixture(scope="session")
def policy(tmp_path_factory):
    """A model that writes noise. Not to be changed."""
    return write_causal(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="session")
def scorer(tmp_path_factory):
    """A preference model. Not to be changed."""
    return write_scorer(tmp_path_factory.mktemp("scorer"))
