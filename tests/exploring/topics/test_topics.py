"""Topics that were put into texts come back; texts of every kind are taken."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.auditing.answer import UnansweredError
from pairsmith.exploring.topics.topics import topics_of

SUBJECTS = {
    "tea": "kettle oolong teapot steeping jasmine assam saucer brew leaves darjeeling",
    "plants": "seedling compost trowel begonia fern pruning soil greenhouse mulch petals",
    "sea": "harbour lighthouse tide anchor sail gull driftwood captain reef lagoon",
    "bread": "flour sourdough yeast knead crust oven loaf rye baker dough",
    "chess": "bishop rook checkmate gambit pawn castling knight endgame queenside opening",
    "stars": "comet telescope nebula orbit galaxy eclipse meteor planet saturn constellation",
}
COMMON = [f"word{n}" for n in range(120)]


def write(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts of six subjects, the first the commonest, each with words of no subject besides."""
    chance = np.random.default_rng(seed)
    sizes = 1 / np.arange(1, len(SUBJECTS) + 1)
    subjects = chance.choice(len(SUBJECTS), count, p=sizes / sizes.sum())
    stocks = [words.split() for words in SUBJECTS.values()]
    texts = [
        " ".join(
            chance.permutation(
                [*chance.choice(stocks[subject], 6), *chance.choice(COMMON, chance.integers(4, 14))]
            )
        )
        for subject in subjects
    ]
    return texts, subjects


@pytest.fixture(scope="module")
def planted():
    texts, subjects = write(1_200, seed=5)
    return subjects, topics_of(pa.array(texts), seed=1)


def test_planted_topics_come_back(planted):
    from sklearn.metrics import adjusted_rand_score

    subjects, found = planted
    assert adjusted_rand_score(subjects, found.of) >= 0.9


def test_topics_are_named_by_their_own_words_the_largest_first(planted):
    subjects, found = planted
    sizes = np.bincount(found.of[found.of >= 0])
    assert (np.diff(sizes) <= 0).all()
    stocks = [set(words.split()) for words in SUBJECTS.values()]
    for topic, name in enumerate(found.names):
        usual = np.bincount(subjects[found.of == topic]).argmax()
        words = name.split(", ")
        assert 3 <= len(words) <= 5
        assert set(words) <= stocks[usual]
    assert len(set(found.names)) == len(found.names)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["tea"] * 3, id="three rows"),
        pytest.param(["tea and a kettle"] * 5_000, id="one text again and again"),
        pytest.param([f"{n:x}" * 9 for n in range(200)], id="no word in two texts"),
        pytest.param([None] * 50, id="nothing"),
        pytest.param(["\x00\x1b" * n for n in range(50)], id="no words"),
    ],
)
def test_too_little_is_no_topic_and_says_so(texts):
    with pytest.raises(UnansweredError, match="too few"):
        topics_of(pa.array(texts, pa.string()))
