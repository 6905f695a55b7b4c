"""Rows of several replies to a prompt, each compared with each: best of n from a build."""

import json

import numpy as np
import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows
from support.scored import annotate
from support.slow import slow


@slow
def test_best_of_four_by_two_models(tmp_path):
    """Sixty prompts with four ranked replies; the second model sees half of what the first does."""
    rows = [
        {"prompt": f"Which tea is number {n}?", "responses": [f"tea {n} {k}" for k in range(4)],
         "rankings": [1, 2, 3, 4]}
        for n in range(60)
    ]  # fmt: skip
    source = tmp_path / "test.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    out = tmp_path / "out"
    pairsmith.build(str(source), out, pairs="all")
    chance = np.random.default_rng(3)
    first, second, seen = {}, {}, {}
    for row in kept_rows(out, read_manifest(out)):
        replies = [row[side][-1]["content"] for side in ("chosen", "rejected")]
        for text in replies:
            if text not in seen:
                good = -int(text.split()[-1]) + chance.normal(0, 0.5)
                seen[text] = (good, good / 2 + chance.normal(0, 0.1))
        first[row["id"]] = tuple(seen[text][0] for text in replies)
        second[row["id"]] = tuple(seen[text][1] for text in replies)
    assert len(first) == 60 * 6
    annotate(out, "first", first)
    annotate(out, "second", second)
    held = pairsmith.evaluate(out, "first", against="second", words=False).to_dict()
    assert held["accuracy"]["all"]["conversations"] == 60
    found = held["against"]
    assert (found["prompts"], found["most_candidates"]) == (60, 4)
    assert [step["n"] for step in found["curve"]] == [1, 2, 3, 4]
    by_prompt = np.array([[seen[f"tea {n} {k}"] for k in range(4)] for n in range(60)])
    best = np.take_along_axis(by_prompt, by_prompt[..., :1].argmax(axis=1)[:, None], axis=1)[:, 0]
    expected = (best - by_prompt.mean(axis=1)).mean(axis=0)
    assert found["curve"][-1]["gain"]["estimate"] == pytest.approx(expected[0], abs=1e-6)
    assert found["curve"][-1]["gain_by_other"]["estimate"] == pytest.approx(expected[1], abs=1e-6)
