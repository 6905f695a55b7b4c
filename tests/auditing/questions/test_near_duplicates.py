"""Near duplicates: what was planted is found, and nothing that is not there."""

import itertools
import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.questions import near_duplicates
from pairsmith.auditing.similarity import shingles, sketches
from pairsmith.auditing.similarity.candidates import Clusters, Crossing, Pairs, Search, joined, span
from pairsmith.dataset import reader
from pairsmith.dataset.conversations import components
from support.near import Writer, ask, build, jaccard, likeness, study_of, tokens, whole
from support.slow import quick, slow

WORDS = Writer(1)
LONG = [WORDS.words(40) for _ in range(6)]


def text(number, changed=()):
    """One of six texts, some of its words changed."""
    return " ".join(f"other{at}" if at in changed else w for at, w in enumerate(LONG[number]))


def rows_of(answer, kind):
    return [f["rows"] for f in answer.findings.to_pylist() if f["kind"] == kind]


def ids(split, *numbers):
    return [f"harmless-base/{split}/{number}" for number in numbers]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A build with pairs of rows of known likeness, 0.7 to 1, and what they are by id."""
    writer, rows, known = Writer(7), [], {}
    for number in range(4000):
        size = 60 + number % 37
        least, most = (0.8, 0.83) if number % 2 else (0.7, 1)
        fit = [c for c in range(1, size // 2) if least <= likeness(size, c) < most]
        changed = writer.draw.choice(fit)
        row = writer.row(size)
        pair = ids("train", len(rows) + 2, len(rows) + 1)
        known[tuple(pair)] = likeness(size, changed)
        rows += [row, writer.twin(row, changed)]
    return build(tmp_path_factory.mktemp("planted"), train=rows), known


def test_recall_and_precision_on_planted_pairs(planted):
    out, known = planted
    answer = ask(near_duplicates, out)
    found = {tuple(f["rows"]): f["score"] for f in answer.findings.to_pylist()}
    sought = {pair for pair, score in known.items() if score >= 0.8}
    assert len(sought) > 3000
    assert set(found) <= sought
    assert len(found) >= 0.99 * len(sought)
    assert all(score == known[pair] for pair, score in found.items())
    assert set(answer.findings["kind"].to_pylist()) == {"near_duplicate"}
    assert answer.numbers["near_duplicate"] == answer.numbers["clusters"] == len(found)
    assert answer.numbers["pairs"]["buckets_cut_short"] == 0


@pytest.mark.parametrize("similarity", [0.5, 0.6, 0.7])
def test_the_chance_of_a_miss_is_what_is_told(similarity):
    draw, count, size = np.random.default_rng(3), 4000, 90
    common = round(2 * size * similarity / (1 + similarity))
    shared = draw.integers(1 << 52, size=(count, common), dtype=np.uint64)
    made = []
    for _ in range(2):
        own = draw.integers(1 << 52, size=(count, size - common), dtype=np.uint64)
        elements = np.sort(np.concatenate([shared, own], axis=1)) << np.uint64(3)
        offsets = np.arange(count + 1) * size
        made.append(sketches.bands_of(shingles.Shingles(offsets, elements.ravel())))
    missed = (~(made[0] == made[1]).any(axis=1)).mean()
    expected = sketches.miss(common / (2 * size - common))
    assert abs(missed - expected) < 5 * (expected * (1 - expected) / count) ** 0.5 + 0.01


def test_nearly_every_pair_of_the_threshold_is_found():
    assert sketches.miss(near_duplicates.THRESHOLD) < 0.0018
    assert sketches.miss(1) == 0


def brute(rows):
    """All pairs of rows that are alike, by number, and how much."""
    held = [whole(row) for row in rows]
    pairs = itertools.combinations(range(len(rows)), 2)
    scores = {(a, b): jaccard(held[a], held[b]) for a, b in pairs}
    return {pair: score for pair, score in scores.items() if score >= near_duplicates.THRESHOLD}


@pytest.mark.parametrize("template", quick([None, "llama2"]))
def test_clusters_against_all_pairs(tmp_path, template):
    draw = np.random.default_rng(5)
    rows = []
    for _ in range(150):
        number = int(draw.integers(3))
        changed = draw.choice(40, size=int(draw.integers(0, 4)), replace=False)
        rows.append((text(number, changed), text(number + 3, changed[:1]), "No."))
    rows = list(dict.fromkeys(rows))
    answer = ask(near_duplicates, build(tmp_path, template, train=rows))
    alike = brute(rows)
    names = ids("train", *range(1, len(rows) + 1))
    for finding in answer.findings.to_pylist():
        pair = tuple(sorted(names.index(name) for name in finding["rows"]))
        assert finding["score"] == alike[pair]
    labels = components(*np.array(list(alike)).T, len(rows))  # type: ignore[call-arg]
    sizes = np.bincount(labels)
    assert answer.numbers["clusters"] == (sizes > 1).sum()
    assert answer.numbers["rows_in_clusters"] == sizes[sizes > 1].sum()
    assert answer.numbers["near_duplicate"] == len(rows) - len(sizes)


@slow
def test_the_real_file_against_all_pairs(real, real_rows, tmp_path):
    import pairsmith

    pairsmith.build(real, tmp_path / "out")
    answer = ask(near_duplicates, tmp_path / "out")
    with study_of(tmp_path / "out") as study:
        sets = sketches.sketch_rows(study.data, np.ones(2299, bool), False, tmp_path).sets
    every = sets.pick(np.arange(2299), shingles.WHOLE).tocoo()
    _, columns = np.unique(every.col, return_inverse=True)
    shape = (2299, columns.max() + 1)
    held = type(every)((np.ones(len(columns), np.int32), (every.row, columns)), shape).tocsr()
    common = (held @ held.T).tocoo()
    size = np.diff(sets.offsets)
    scores = common.data / (size[common.row] + size[common.col] - common.data)
    alike = scores[(scores >= 0.8) & (common.row < common.col)]
    assert sorted(alike) == sorted(answer.findings["score"].to_pylist())
    assert answer.numbers["near_duplicate"] == len(alike) == 1


def test_replies_that_changed_places(tmp_path):
    chosen, rejected = text(1), text(2)
    rows = [
        (text(0), chosen, rejected),
        (text(0, [3]), text(2, [9]), chosen),  # nearly, and the other way round
        (text(0), rejected, chosen),  # exactly the other way round: not this question's
        (text(3), text(4), text(4, [0])),
        (text(3), text(4, [0]), text(4, [1])),  # both replies are alike: neither way round
    ]
    answer = ask(near_duplicates, build(tmp_path, train=rows))
    assert rows_of(answer, "near_flipped") == [ids("train", 2, 1)]
    assert rows_of(answer, "near_duplicate") == [ids("train", 5, 4)]
    assert answer.numbers["different_pairs"] == 4
    assert "replies exchanged" in answer.cure


def test_twins_that_changed_places_are_twins_still(tmp_path):
    rows = [(text(0), text(1), text(2)), *((text(0, [n]), text(2), text(1)) for n in (1, 9))]
    answer = ask(near_duplicates, build(tmp_path, train=rows))
    assert rows_of(answer, "near_duplicate") == [ids("train", 3, 2)]
    assert rows_of(answer, "near_flipped") == [ids("train", 2, 1), ids("train", 3, 1)]
    assert answer.numbers["clusters"] == 1


def test_a_long_prompt_alone_is_not_enough(tmp_path):
    prompt = " ".join(WORDS.words(300))
    rows = [
        (prompt, "Yes, do that at once.", "No."),
        (prompt, "I would rather not say it.", "Perhaps."),
        (prompt, "I would rather not say it!", "Perhaps so."),  # nearly the second
    ]
    answer = ask(near_duplicates, build(tmp_path, train=rows))
    assert rows_of(answer, "near_duplicate") == [ids("train", 3, 2)]
    assert answer.numbers["pairs"]["alike_but_for_replies"] == 2


def test_leaks_between_splits(tmp_path):
    train = [
        (text(0, [0]), "Yes.", "No."),
        (text(0, [0]), "Other words.", "Others."),  # the same prompt, so it leaks too
        (text(1), "Yes.", "No."),  # word for word: not this question's
        (text(2, [20, 30]), "Yes.", "No."),  # ten shingles of 36: too many
        ("???", "Yes.", "No."),
        (text(3), "Yes.", "No."),
    ]
    test = [
        (text(1), "Maybe.", "No."),
        (text(0), "Yes.", "Perhaps."),
        (text(2), "Some.", "No."),
        ("!!!", "a", "b"),
    ]
    answer = ask(near_duplicates, build(tmp_path, train=train, test=test))
    [first, second] = [f for f in answer.findings.to_pylist() if f["kind"] == "near_leak"]
    assert first["rows"] == [*ids("train", 1), *ids("test", 2)]
    assert second["rows"] == [*ids("train", 2), *ids("test", 2)]
    assert first["score"] == second["score"] == 35 / 37
    assert answer.numbers["near_leak"] == 2
    assert answer.numbers["prompts"]["train_prompts"] == 1
    assert answer.numbers["prompts"]["without_words"] == 2
    assert answer.numbers["by_subset"]["harmless-base"]["near_leak"] == 2


TOOLS = [{"type": "function", "function": {"name": "soil", "description": WORDS.words(600)}}]


@pytest.mark.parametrize(
    ("template", "tools", "alike"),
    [("qwen3", TOOLS, 1), (None, TOOLS, 0), ("qwen3", None, 0)],
    ids=["text", "messages", "without"],
)
def test_definitions_of_tools_in_text_are_said_to_make_prompts_alike(
    template, tools, alike, tmp_path
):
    for split, number in (("train", 0), ("test", 1)):
        row = {
            "prompt": text(number),
            "chosen": f"Yes {number}.",
            "rejected": "No.",
            "tools": tools,
        }
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(row))
    files = [tmp_path / "train.jsonl", tmp_path / "test.jsonl"]
    pairsmith.build(files, tmp_path / "out", template=template)
    answer = ask(near_duplicates, tmp_path / "out")
    assert answer.numbers["near_leak"] == alike
    assert ("hold the definitions of tools" in answer.sentence) == bool(alike)


def test_a_test_row_is_kept_before_a_train_row(tmp_path):
    row, twin = (text(0), text(1), text(2)), (text(0, [0]), text(1), text(2))
    answer = ask(near_duplicates, build(tmp_path, train=[row, twin], test=[twin]))
    assert rows_of(answer, "near_duplicate") == [[*ids("train", 1), *ids("test", 1)]]
    assert answer.numbers["near_leak"] == 1


SCRIPTS = {
    "Chinese": "他们在山上的小屋里住了整整一个冬天直到雪化了才下来看望村里的老人和孩子们",
    "Japanese": "わたしは昨日カメラを持って公園へ行き、花や鳥の写真をたくさん撮りました。"
    "とても楽しい一日でした",
    "Thai": "เมื่อวานนี้ฉันไปตลาดเพื่อซื้อผลไม้และดอกไม้ให้แม่ของฉัน",
    "Arabic": "ذهبت الى السوق امس مع اخي الكبير لنشتري الخبز و الجبن "
    "و الزيتون ثم رجعنا الى البيت قبل المساء و طبخنا معا",
    "Hebrew": "הלכתי אתמול אל השוק עם אחי הגדול כדי לקנות לחם וגבינה "
    "וזיתים ואחר כך חזרנו הביתה לפני הערב ובישלנו יחד",
    "Hindi": "मैं कल अपने बड़े भाई के साथ बाज़ार गया और हमने रोटी "
    "पनीर और फल खरीदे फिर शाम से पहले घर लौट आए",
}  # fmt: skip


@pytest.mark.parametrize("language", SCRIPTS)
def test_other_scripts(tmp_path, language):
    said = SCRIPTS[language]
    assert len(tokens(said)) > 15
    rows = [(said, said[::-1], "no"), (said, said[::-1], "yes"), ("q", said[5:], said[:9])]
    answer = ask(near_duplicates, build(tmp_path, train=rows))
    assert rows_of(answer, "near_duplicate") == [ids("train", 2, 1)]
    assert answer.findings["score"].to_pylist() == [jaccard(*map(whole, rows[:2]))]


def test_case_and_punctuation_do_not_count(tmp_path):
    row = (text(0), text(1), text(2))
    loud = tuple(said.upper().replace(" ", ", ") + "!" for said in row)
    answer = ask(near_duplicates, build(tmp_path, train=[row, loud]))
    assert answer.findings["score"].to_pylist() == [1]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([("a", "b", "c")], "two different pairs"),
        ([("a", "b", "c")] * 30, "two different pairs"),
        ([("a", "b", "c"), ("a", "c", "b")] * 3, "two different pairs"),
        ([("a", "b", "b")], "No rows were kept"),
    ],
)
def test_nothing_to_compare(tmp_path, rows, why):
    with pytest.raises(UnansweredError, match=why):
        ask(near_duplicates, build(tmp_path, train=rows))


def test_rows_without_words(tmp_path):
    rows = [("?", "!", "."), ("??", "!", "."), ("a", "b", "c"), ("A!", "B", "C?")]
    answer = ask(near_duplicates, build(tmp_path, train=rows))
    assert rows_of(answer, "near_duplicate") == [ids("train", 4, 3)]
    assert answer.numbers["pairs"]["without_words"] == 2
    assert answer.numbers["near_leak"] is None


def test_the_sample_has_none(sample_text, sample_messages):
    for out, rows in ((sample_text, 45), (sample_messages, 47)):
        answer = ask(near_duplicates, out)
        said = f"Nearly another (Jaccard 0.8 or more): 0 of {rows} different pairs"
        assert answer.sentence.startswith(said)
        assert answer.numbers["near_leak"] == len(answer.findings) == 0


@slow
def test_the_same_whatever_the_batches_and_threads(planted, monkeypatch):
    out, _ = planted
    expected = ask(near_duplicates, out)
    for rows, block, threads in ((7_999, 511, 1), (501, 37, 4)):
        monkeypatch.setattr(reader, "BATCH", rows)
        monkeypatch.setattr(sketches, "BLOCK_ROWS", block)
        monkeypatch.setattr(os, "cpu_count", lambda threads=threads: threads)
        again = ask(near_duplicates, out)
        assert again.findings.equals(expected.findings)
        assert again.numbers == expected.numbers


def test_what_is_cut_short_is_told(planted, monkeypatch):
    out, _ = planted
    monkeypatch.setattr(near_duplicates, "EFFORT", -1e9)
    answer = ask(near_duplicates, out)
    assert answer.numbers["pairs"]["buckets_cut_short"] > 0
    assert "were not all compared" in answer.sentence
    assert answer.numbers["near_duplicate"] > 3000  # each is compared with a bucket's first


@st.composite
def likenesses(draw):
    """Band keys of rows, and for all pairs whether they are alike."""
    rows, bands = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    keys = draw(st.lists(st.integers(0, 2), min_size=rows * bands, max_size=rows * bands))
    alike = draw(st.lists(st.booleans(), min_size=rows * rows, max_size=rows * rows))
    return np.array(keys, np.uint64).reshape(rows, bands), np.array(alike).reshape(rows, rows)


def in_a_bucket(keys, alike):
    """The pairs of rows that are in one bucket and alike."""
    pairs = itertools.combinations(range(len(keys)), 2)
    found = [(a, b) for a, b in pairs if (keys[a] == keys[b]).any() and alike[a, b]]
    return np.array(found, np.int64).reshape(-1, 2)


@given(likenesses())
def test_clusters_are_those_of_all_pairs_in_buckets(drawn):
    keys, alike = drawn
    goal = Clusters(len(keys))
    search = Search(lambda a, b: alike[a, b].astype(float), 0.5, 1e6)
    search.run(keys, goal)
    pairs = in_a_bucket(keys, alike)
    expected = components(pairs[:, 0], pairs[:, 1], len(keys))
    assert goal.labels.tolist() == expected.tolist()
    tree = span(joined(goal.pairs), len(keys))
    assert len(tree.left) == len(keys) - len(set(expected))
    assert all(alike[min(pair), max(pair)] for pair in zip(tree.left, tree.right, strict=True))


@given(likenesses(), st.integers(0, 9))
def test_whoever_has_a_match_across_gets_one(drawn, first):
    keys, alike = drawn
    second = np.arange(len(keys)) >= first
    goal = Crossing(second)
    Search(lambda a, b: alike[a, b].astype(float), 0.5, 1e6).run(keys, goal)
    found = joined(goal.pairs)
    expected = {b for a, b in in_a_bucket(keys, alike) if not second[a] and second[b]}
    assert sorted(found.right) == sorted(expected)
    assert not second[found.left].any()
    assert alike[found.left, found.right].all()


def test_thousands_of_like_rows_cost_little():
    keys = np.zeros((5000, 16), np.uint64)
    goal = Clusters(5000)
    search = Search(lambda a, b: np.ones(len(a)), 0.8, 1e6)
    search.run(keys, goal)
    assert search.compared == 4999
    assert (search.cut, goal.labels.max()) == (0, 0)


def test_a_row_hangs_on_one_nearer_the_first():
    edges = Pairs(np.array([1, 3, 1]), np.array([4, 4, 2]), np.array([0.8, 0.9, 1.0]))
    tree = span(edges, 5)
    assert tree.right.tolist() == [2, 3, 4]
    assert tree.left.tolist() == [1, 4, 1]
    assert tree.scores.tolist() == [1.0, 0.9, 0.8]
