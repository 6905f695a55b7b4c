"""Topics that were put into texts come back; texts of every kind are taken."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.auditing.answer import UnansweredError
from pairsmith.exploring.topics import topics
from pairsmith.exploring.topics.copies import find_copies
from pairsmith.exploring.topics.topics import topics_of
from support.slow import quick, slow

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


def test_whoever_says_nothing_has_no_topic_and_no_place():
    texts, _ = write(120, seed=2)
    odd = ["", None, "\x00\x1b[31m", "\u202e\u200b", "<>&", "   "]
    found = topics_of(pa.array(texts + odd, pa.string()))
    assert (found.of[-len(odd) :] == -1).all()
    assert np.isnan(found.places[-len(odd) :]).all()
    assert (found.places[:120] >= 0).all()
    assert (found.places[:120] <= 1).all()


def test_names_hold_letters_alone_whatever_texts_hold():
    texts, _ = write(150, seed=4)
    odd = [f"<b onclick=x>{text}</b>\x00\u202e & {{{{tea}}}}" for text in texts]
    found = topics_of(pa.array(odd))
    for name in found.names:
        assert name.replace(", ", "").replace("'", "").isalnum()


def test_a_text_that_comes_again_has_one_place_one_topic_and_copies():
    texts, _ = write(120, seed=2)
    found = topics_of(pa.array([*texts, *[texts[7].upper() + "!"] * 40, *[texts[7]] * 60]))
    mine = [7, *range(120, 220)]
    assert len(set(found.copies[mine])) == 1
    assert len(set(found.of[mine])) == 1
    assert len({tuple(place) for place in found.places[160:220]}) == 1
    sizes = np.bincount(found.of[found.of >= 0])
    assert found.of[7] == 0 or sizes[0] >= 100  # they count, each of them


SPEECHES = {
    "Chinese": ("茶壶绿茶红茶泡茶茶叶茶杯", "园艺种子浇水土壤花盆修剪", "星星望远镜行星彗星银河"),
    "Japanese": ("お茶を淹れる急須と緑茶", "庭の花に水をやる種と土", "望遠鏡で惑星と彗星を見る"),
    "Thai": ("ชาเขียวกาน้ำชาใบชา", "สวนดอกไม้เมล็ดดินรดน้ำ", "ดวงดาวกล้องโทรทรรศน์"),
    "Arabic": (
        "شاي إبريق كوب أوراق ياسمين سكر", "حديقة بذور تربة زهور سقي تقليم",
        "نجوم مقراب كوكب مذنب مجرة قمر",
    ),
    "Hebrew": (
        "תה קומקום כוס עלים יסמין סוכר", "גינה זרעים אדמה פרחים השקיה גיזום",
        "כוכבים טלסקופ שביט גלקסיה ירח מאדים",
    ),
}  # fmt: skip


def speak(subject: str, chance: np.random.Generator) -> str:
    """A text of a subject: its words, or where it has none, pieces of it."""
    if " " in subject:
        return " ".join([*chance.choice(subject.split(), 5), f"w{chance.integers(80)}"])
    return "".join(subject[at : at + 4] for at in chance.integers(0, len(subject) - 3, 5))


@pytest.mark.parametrize("language", quick(SPEECHES, "Arabic", "Chinese"))
def test_topics_are_found_in_any_script(language):
    from sklearn.metrics import adjusted_rand_score

    chance = np.random.default_rng(6)
    subjects = chance.choice(3, 400, p=[0.5, 0.3, 0.2])
    found = topics_of(pa.array([speak(SPEECHES[language][s], chance) for s in subjects]))
    assert adjusted_rand_score(subjects, found.of) >= 0.95
    for name in found.names:
        for word in name.split(", "):
            assert len(word) > 1
            assert set(word) <= set("".join(SPEECHES[language]))


@slow
def test_of_very_many_texts_a_sample_is_laid_out_and_the_others_follow(monkeypatch):
    from sklearn.metrics import adjusted_rand_score

    monkeypatch.setattr(topics, "COUNTED", 1_500)
    monkeypatch.setattr(topics, "LAID", 800)
    texts, subjects = write(4_000, seed=9)
    strange = [f"{n:x}zz qq{n:x}" for n in range(50)]
    found = topics_of(pa.array(texts + strange))
    assert adjusted_rand_score(subjects, found.of[:4_000]) >= 0.9
    assert (found.of[4_000:] == -1).all()
    assert "800 of 4,050 different texts" in found.laid_by
    again = topics_of(pa.array(texts + strange))
    assert (again.of == found.of).all()
    assert again.names == found.names
    np.testing.assert_array_equal(again.places, found.places)


def test_of_rows_that_share_a_task_and_say_different_things_none_is_a_copy():
    task = "I asked for a long story about a lighthouse and a keeper who grew ferns in its tower"
    openings = ["How do I bake bread?", "Which kettle is the best one?", "Is the moon made of tea?"]
    found = find_copies([pa.array([task] * 3), pa.array(openings)])
    assert found.tolist() == [0, 1, 2]
    found = find_copies([pa.array([task, task.upper(), task + "!"]), pa.array(["Hello."] * 3)])
    assert found.tolist() == [0, 0, 0]


def test_a_word_changed_in_a_long_text_leaves_it_a_copy():
    words = [f"word{n}" for n in range(40)]
    other = [*words[:20], "else", *words[21:]]
    texts = pa.array([" ".join(words), "something of tea", " ".join(other), "", ""])
    assert find_copies([texts]).tolist() == [0, 1, 0, 3, 4]
