"""Duplicates, leaks and direction: all that was planted is found, and nothing else."""

import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.auditing.answer import FINDINGS, Study, UnansweredError
from pairsmith.auditing.questions import direction, duplicates, leaks
from pairsmith.auditing.questions.direction import Counts, estimate
from pairsmith.auditing.questions.duplicates import find_circles
from pairsmith.dataset.conversations import components, note_conversations
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset
from support import brute
from support.planted import SUBSETS, plant, talk
from support.real import REAL_FILE
from support.slow import quick, slow


def rows_of(answer, kind):
    return [f["rows"] for f in answer.findings.to_pylist() if f["kind"] == kind]


def told(answer, kind):
    """The rows of each finding of a kind, none of which is given twice."""
    found = [frozenset(ids) for ids in rows_of(answer, kind)]
    assert len(found) == len(set(found))
    return set(found)


def stock_of(rows):
    """Sound rows that have no defect together: one of each opening."""
    by_opening = {row.prompt[0]: row for row in rows if row.kept}
    for row in by_opening.values():
        prompt, chosen, rejected = row.prompt, row.chosen[-1], row.rejected[-1]
        yield [said for _, said in prompt], chosen[1], rejected[1]


TEMPLATES = [
    (None, 1),
    ("llama2", 2),
    *(pytest.param(world, marks=slow) for world in [("qwen3", 3), ("real", 4)]),
]


@pytest.fixture(scope="module", params=TEMPLATES)
def planted(request, tmp_path_factory):
    """A build with known defects, as messages and as text, and what they are."""
    template, seed = request.param
    stock = ()
    if template == "real":
        request.getfixturevalue("real")
        template, stock = "llama2", stock_of(brute.read(REAL_FILE))
    folder = tmp_path_factory.mktemp("planted")
    known = plant(folder / "in", seed, stock)
    built = pairsmith.build(folder / "in", folder / "out", template=template)
    assert sum(entry.kept for entry in built.ledger) == known.rows
    return folder / "out", known


def test_planted_duplicates_flips_and_circles(planted, ask):
    out, known = planted
    answer = ask(duplicates.ask, out)
    assert answer.findings.schema == FINDINGS
    assert dict(rows_of(answer, "duplicate")) == known.duplicates
    assert len(rows_of(answer, "duplicate")) == len(known.duplicates) > 20
    assert told(answer, "flipped") == known.flipped
    assert told(answer, "cycle") == known.cycles
    numbers = answer.numbers["kept"]
    assert numbers == answer.numbers["kept_and_refused"]
    assert numbers["extra_rows"] == len(known.duplicates)
    assert numbers["groups_across_subsets"] == known.across_subsets > 5
    assert numbers["groups_across_splits"] == known.across_splits > 5
    assert numbers["prompts_with_other_replies"] == known.other_replies
    assert numbers["flipped_groups"] == len(known.flipped) > 10
    assert numbers["cycles"] == len(known.cycles) > 10


def test_planted_leaks(planted, ask):
    out, known = planted
    answer = ask(leaks.ask, out)
    assert answer.findings.schema == FINDINGS
    assert set(known.leaks) == set(brute.KINDS)
    for kind, ids in known.leaks.items():
        assert {found[0] for found in rows_of(answer, kind)} == ids, kind
        assert answer.numbers["train_rows"][kind] == len(ids) > 5
    pairs = [found for kind in known.leaks for found in rows_of(answer, kind)]
    assert all("/train/" in row and "/test/" in other for row, other in pairs)
    assert answer.numbers["test_conversations_in_train"] == known.leaked


def test_planted_directions(planted, ask):
    out, known = planted
    found = ask(direction.ask, out).numbers["kept"]
    for side, ids in (("rejected", known.rejected), ("chosen", known.chosen)):
        for subset, rows in ids.items():
            assert found[subset][f"any_depth_from_{side}"] == len(rows)
    assert known.chosen["helpful-base"] == set()
    assert len(known.chosen["harmless-base"]) > 5


def test_labels_turned_round_are_no_exact_defect(tmp_path, ask):
    findings = []
    for share in (0, 0.1):
        known = plant(tmp_path / f"in{share}", 5, each=1, mislabelled=share)
        pairsmith.build(tmp_path / f"in{share}", tmp_path / f"out{share}")
        findings.append(
            [ask(q.ask, tmp_path / f"out{share}").findings.num_rows for q in (duplicates, leaks)]
        )
    assert len(known.mislabelled) > 20
    assert findings[0] == findings[1]


def world(folder, seed, rows=90):
    """Rows over so few words that they coincide in all ways; some are refused."""
    chance, asked = random.Random(seed), "abcdefghijkl"[: 3 + seed % 3 * 4]
    for subset in SUBSETS:
        for split in ("train", "test"):
            lines = []
            for _ in range(rows // 4):
                prompt = [chance.choice("xy" if n % 2 else asked) for n in range(5)]
                prompt = prompt[: chance.choice([1, 1, 3, 5])]
                sides = [[*prompt, chance.choice("xyz")] for _ in "12"]
                if chance.random() < 0.1:
                    sides[1][chance.randrange(len(prompt))] = "elsewhere"
                if chance.random() < 0.1:
                    sides[chance.randrange(2)].pop()
                lines.append(dict(zip(("chosen", "rejected"), map(talk, sides), strict=True)))
            write(folder, lines, split, subset)


WORLDS = range(6)


def test_worlds_have_everything(tmp_path):
    kinds, found = set(), [0, 0, 0]
    for seed in WORLDS:
        world(tmp_path / str(seed), seed)
        kept = [row for row in brute.read_folder(tmp_path / str(seed)) if row.kept]
        kinds |= set(brute.leaks(kept).values())
        for place, find in enumerate((brute.duplicates, brute.flipped, brute.circles)):
            found[place] += len(find(kept))
    assert kinds == set(brute.KINDS)
    assert min(found) > 5


@pytest.mark.parametrize(
    ("seed", "template"), quick(zip(WORLDS, ["llama2", None] * 3, strict=True))
)
def test_small_worlds_by_brute_force(tmp_path, seed, template):
    world(tmp_path / "in", seed)
    pairsmith.build(tmp_path / "in", tmp_path / "out", template=template)
    rows = list(brute.read_folder(tmp_path / "in"))
    kept = [row for row in rows if row.kept]
    data = Dataset(tmp_path / "out")
    with open_keys(data) as keys:
        study = Study(data, keys)
        twice, known, way = (q.ask(study) for q in (duplicates, leaks, direction))
        note_conversations(keys, "kept")
        together = keys.sql(
            "SELECT list(id) FROM conversations JOIN rows USING (row) GROUP BY conversation"
        ).fetchall()
    assert twice.numbers["kept_and_refused"]["extra_rows"] == len(brute.duplicates(rows))
    assert twice.numbers["kept_and_refused"]["flipped_groups"] == len(brute.flipped(rows))
    assert dict(rows_of(twice, "duplicate")) == brute.duplicates(kept)
    assert told(twice, "flipped") == brute.flipped(kept)
    assert told(twice, "cycle") == brute.circles(kept)
    found = {rows[0]: kind for kind in brute.KINDS for rows in rows_of(known, kind)}
    assert found == brute.leaks(kept)
    held = {frozenset(ids) for (ids,) in together}
    assert held == brute.conversations(kept)
    leaked = [ids for ids in held if any("/test/" in i for i in ids)]
    assert known.numbers["test_conversations"] == len(leaked)
    leaked = [ids for ids in leaked if any("/train/" in i for i in ids)]
    assert known.numbers["test_conversations_in_train"] == len(leaked)
    for which, some in (("kept", kept), ("kept_and_refused", rows)):
        for subset in SUBSETS:
            counts = way.numbers[which][subset]
            mine = brute.directions([row for row in some if row.subset == subset])
            assert {name: counts[name] for name in mine} == mine


@slow
def test_the_real_file_by_brute_force(real_text, real_rows, ask):
    rows = list(brute.read(REAL_FILE))
    twice, way = ask(duplicates.ask, real_text), ask(direction.ask, real_text)
    for which, some in (("kept", [row for row in rows if row.kept]), ("kept_and_refused", rows)):
        known = brute.count(some)
        [counts] = way.numbers[which].values()
        assert counts.pop("from_other_subsets") == 0
        assert counts == {name: known[name] for name in counts}
        assert twice.numbers[which]["extra_rows"] == known["duplicates"]
        assert twice.numbers[which]["flipped_groups"] == known["flipped"]
        assert twice.numbers[which]["repeated_prompts"] == known["repeated_prompts"]
    # the figures of the data's documentation, of all rows
    assert known["rows"] == len(real_rows) == 2312
    assert round(known["chosen_longer"] / known["rows"], 2) == 0.44
    assert (known["last_turn_from_rejected"], known["any_depth_from_rejected"]) == (70, 128)
    assert (known["last_turn_from_chosen"], known["any_depth_from_chosen"]) == (0, 0)
    assert (known["duplicates"], known["repeated_prompts"]) == (0, 2)
    with pytest.raises(UnansweredError, match="of the train split"):
        ask(leaks.ask, real_text)


def test_length_of_the_real_file_by_brute_force(real_text):
    data = Dataset(real_text)
    with open_keys(data) as keys:
        [(all_rows, kept)] = keys.sql(
            "SELECT count(*), count(*) FILTER (kept) FROM rows WHERE chosen_chars > rejected_chars"
        ).fetchall()
    rows = list(brute.read(REAL_FILE))
    assert all_rows == brute.count(rows)["chosen_longer"]
    assert kept == brute.count([row for row in rows if row.kept])["chosen_longer"]


def write(folder, rows, name="train", subset="harmless-base"):
    path = folder / subset / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def pair(question, better, worse):
    return {"chosen": talk([question, better]), "rejected": talk([question, worse])}


def test_rows_that_are_all_the_same_and_a_test_row_that_stays(tmp_path, ask):
    write(tmp_path / "in", [pair("q", "a", "b")] * 5)
    write(tmp_path / "in", [pair("q", "a", "b")], "test")
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    found = rows_of(ask(duplicates.ask, tmp_path / "out"), "duplicate")
    assert [extra for extra, _ in found] == [f"harmless-base/train/{n}" for n in range(1, 6)]
    assert {kept for _, kept in found} == {"harmless-base/test/1"}
    assert ask(leaks.ask, tmp_path / "out").numbers["train_rows"]["same_prompt"] == 5


def test_nothing_to_say(tmp_path, ask):
    write(tmp_path / "in", [pair("q", "a", "a")])
    pairsmith.build(tmp_path / "in", tmp_path / "none")
    for question in (duplicates, leaks, direction):
        with pytest.raises(UnansweredError):
            ask(question.ask, tmp_path / "none")
    write(tmp_path / "in", [pair("q", "a", "b")])
    pairsmith.build(tmp_path / "in", tmp_path / "one")
    assert ask(duplicates.ask, tmp_path / "one").findings.num_rows == 0
    with pytest.raises(UnansweredError, match="too few"):
        ask(direction.ask, tmp_path / "one")


def test_refused_rows_without_a_prompt_have_none_in_common(tmp_path, ask):
    write(
        tmp_path / "in", [{side: talk([f"{side} {n}"]) for side in pair("", "", "")} for n in "ab"]
    )
    write(tmp_path / "in", [pair("q", "a", "b")], "test")
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    assert (
        ask(duplicates.ask, tmp_path / "out").numbers["kept_and_refused"]["repeated_prompts"] == 0
    )


def test_the_interval_is_the_exact_one():
    def counts(chosen, rejected):
        return Counts(0, 0, 0, 0, chosen, rejected, 0)

    assert estimate(counts(4, 5)) is None
    share, low, high = estimate(counts(0, 20))
    assert (share, high) == (1, 1)
    assert low == pytest.approx(0.025 ** (1 / 20))  # in closed form where all are alike
    share, low, high = estimate(counts(5, 5))
    assert low < 0.2 < share == 0.5 < 0.8 < high


preferences = st.sets(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda two: two[0] != two[1]),
    max_size=9,
)


@given(preferences)
def test_circles(edges):
    better, worse = np.array(sorted(edges), np.uint64).reshape(-1, 2).T
    labels, turning = find_circles(better, worse)
    found = {}
    for edge, label, flag in zip(sorted(edges), labels, turning, strict=True):
        if flag:
            found.setdefault(int(label), set()).add(edge)
    ways = {reply: brute.reach(edges, reply) for edge in edges for reply in edge}
    known = []
    for reply in ways:
        mutual = {other for other in ways[reply] if reply in ways[other]}
        inside = {edge for edge in edges if set(edge) <= mutual}
        if brute.has_circle(edges, mutual) and inside not in known:
            known.append(inside)
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, known))


links = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


@given(links)
def test_components(pairs):
    left, right = np.array([*zip(*pairs, strict=True)] or [[], []], np.int64)
    labels = components(left, right, 10)
    groups = [{n} for n in range(10)]
    for a, b in pairs:
        joined = groups[a] | groups[b]
        for n in joined:
            groups[n] = joined
    for n in range(10):
        assert {m for m in range(10) if labels[m] == labels[n]} == groups[n]
