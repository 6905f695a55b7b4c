"""RewardBench's rules, against scores worked out by hand, and files that are none."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pairsmith.errors import RecipeError, SourceError
from pairsmith.evaluating.rewardbench import SECTIONS, score_bench


def write(folder, rows):
    path = folder / "scores.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def pair(subset, chosen, rejected):
    return {"subset": subset, "chosen_score": chosen, "rejected_score": rejected}


def test_version_1_weighs_subsets_by_prompts_and_sections_alike(tmp_path):
    rows = [pair("alpacaeval-easy", 1, 0), pair("alpacaeval-easy", 1, 1)]  # half: a tie is wrong
    rows += [pair("mt-bench-easy", 2, 1), pair("mt-bench-med", 0, 1)]
    rows += [pair("math-prm", 1, 0), pair("hep-go", 0, 1)]
    held = score_bench(write(tmp_path, rows), 1).to_dict()
    chat = (0.5 * 100 + 1 * 28 + 0 * 40) / 168
    reasoning = 984 / (984 + 164)
    assert held["sections"]["Chat"]["estimate"] == pytest.approx(chat)
    assert held["sections"]["Reasoning"]["estimate"] == pytest.approx(reasoning)
    assert held["score"]["estimate"] == pytest.approx((chat + reasoning) / 2)
    assert held["subsets"]["alpacaeval-easy"]["rows"] == 2
    assert "Not comparable" in held["remarks"][0]


def test_all_of_version_1_is_comparable_and_has_an_interval(tmp_path):
    chance = np.random.default_rng(0)
    subsets = [name for section in SECTIONS.values() for name in section]
    rows = [pair(name, float(chance.random() < 0.8), 0.5) for name in subsets for _ in range(30)]
    rows.append(pair("my-own", 1, 0))
    held = score_bench(write(tmp_path, rows), 1).to_dict()
    assert held["score"]["low"] < 0.8 < held["score"]["high"]
    assert held["remarks"] == ["Of no section of RewardBench, and not in the score: my-own."]


def of_four(subset, *scores, correct=1, id="0"):
    return {"subset": subset, "scores": list(scores), "num_correct": correct, "id": id}


def test_version_2_is_the_best_of_four_and_a_part_where_it_ties(tmp_path):
    rows = [
        of_four("Math", 3, 1, 2, 0),
        of_four("Math", 3, 3, 2, 0),
        of_four("Math", 1, 1, 1, 1),
        of_four("Focus", 1, 2, 0, 0),
    ]
    held = score_bench(write(tmp_path, rows), 2).to_dict()
    assert held["subsets"]["Math"]["estimate"] == pytest.approx((1 + 1 / 2 + 1 / 4) / 3)
    assert held["subsets"]["Focus"]["estimate"] == 0
    assert held["score"]["estimate"] == pytest.approx((1 + 1 / 2 + 1 / 4) / 6)


def test_ties_of_version_2_by_hand(tmp_path):
    rows = [
        of_four("Ties", 5, 4.5, 1, 0, correct=2, id="tied:1"),  # spread 0.5, gap 3.5
        of_four("Ties", 3, 1, 0, correct=1, id="ref:1"),  # gap 2
        of_four("Ties", 5, 2, 1, 0, correct=2, id="tied:2"),  # spread 3, gap 1
        of_four("Ties", 0, 1, correct=1, id="ref:2"),  # gap -1
    ]
    held = score_bench(write(tmp_path, rows), 2).to_dict()["subsets"]["Ties"]
    margin = (np.tanh(2 / 0.5 - 1) + np.tanh(-1 / 3 - 1)) / 2
    assert held["parts"] == pytest.approx(
        {
            "tied_accuracy": 1,
            "ref_accuracy": 0.5,
            "correctness_preferred": 0.5,
            "correctness_preferred_hard": 0.5,
            "correctness_margin": margin,
        }
    )
    expected = 0.3 + 0.3 * 0.5 + 0.2 * 0.5 + 0.2 * 0.5 + 0.01 * margin
    assert held["estimate"] == pytest.approx(expected)


def test_parquet_and_the_benchmarks_own_names_are_read(tmp_path):
    rows = {"subset": ["donotanswer"] * 2, "scores_chosen": [[1.0], [0.0]], "text": ["a", "b"]}
    table = pa.table({**rows, "scores_rejected": [[0.0], [1.0]]})
    pq.write_table(table, tmp_path / "scores.parquet")
    held = score_bench(tmp_path / "scores.parquet", 1).to_dict()
    assert held["subsets"]["donotanswer"]["estimate"] == 0.5


BAD = {
    "no object": (1, [[1, 2]], "row 1: it is no object"),
    "no subset": (1, [{"chosen_score": 1, "rejected_score": 0}], "its subset is no name"),
    "no score": (1, [{"subset": "hep-go", "chosen_score": 1}], "its rejected_score is no number"),
    "not finite": (1, [pair("hep-go", float("nan"), 0)], "its chosen_score is no finite number"),
    "text": (1, [pair("hep-go", "1", 0)], "its chosen_score is no number"),
    "huge": (1, [pair("hep-go", 10**400, 0)], "no finite number"),
    "no section": (1, [pair("tea", 1, 0)], "No row is of a subset"),
    "nothing": (1, [], "holds no rows"),
    "one reply": (2, [of_four("Math", 1)], "no list of two or more"),
    "all right": (2, [of_four("Math", 1, 0, correct=2)], "num_correct"),
    "an odd id": (2, [of_four("Ties", 1, 0)], "does not begin with tied"),
}


@pytest.mark.parametrize("kind", BAD)
def test_files_that_are_none(tmp_path, kind):
    version, rows, said = BAD[kind]
    with pytest.raises(SourceError, match=said):
        score_bench(write(tmp_path, rows), version)


def test_what_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        score_bench(tmp_path / "none.jsonl", 1)
    with pytest.raises(SourceError, match="cannot be read"):
        score_bench(tmp_path, 1)
    (tmp_path / "odd").write_bytes(b"\xff\xfe{")
    with pytest.raises(SourceError, match="line 1 is no JSON"):
        score_bench(tmp_path / "odd", 1)
    (tmp_path / "cut").write_bytes(b"PAR1 and no more")
    with pytest.raises(SourceError, match="no Parquet file"):
        score_bench(tmp_path / "cut", 1)
    with pytest.raises(RecipeError, match="no version 3"):
        score_bench(write(tmp_path, [pair("hep-go", 1, 0)]), 3)
