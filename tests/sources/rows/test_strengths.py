"""Comparisons of which people were hardly sure are refused, where that is asked for."""

import json

import pytest

import pairsmith
from pairsmith.errors import RecipeError


def rows(*strengths, **more):
    """A pair for each strength; None for a row without one."""
    made = []
    for n, strength in enumerate(strengths):
        prompt = [{"role": "user", "content": f"Is tea no. {n} hot?"}]
        sides = {
            side: [{"role": "assistant", "content": f"{side} {n}"}]
            for side in ("chosen", "rejected")
        }
        beside = {} if strength is None else {"strength": strength}
        made.append({"prompt": prompt, **sides, **beside, **more})
    return made


def test_weak_comparisons_are_refused_by_a_reason_of_their_own(tmp_path):
    built = pairsmith.build(rows(1, -1, 2, 4, None, "1"), tmp_path / "out", drop_weak=1)
    assert built.totals.quarantined == {"weak_preference": 3}
    assert built.totals.kept == 3
    assert built.totals.fields["strength"] == {"used": 2, "quarantined": 3}
    assert pairsmith.check(tmp_path / "out") == []


def test_without_being_asked_nothing_changes(tmp_path):
    built = pairsmith.build(rows(1, 2), tmp_path / "out")
    assert built.totals.kept == 2
    assert "drop_weak" not in json.loads((tmp_path / "out/manifest.json").read_text())["recipe"]


@pytest.mark.parametrize(
    ("given", "weak"), [(rows(None), 1), (rows(1), -1), (rows(1), float("nan"))]
)
def test_what_cannot_be_followed_is_refused(tmp_path, given, weak):
    with pytest.raises(RecipeError, match="--drop-weak"):
        pairsmith.build(given, tmp_path / "out", drop_weak=weak)


def test_a_strength_that_is_no_number_is_refused(tmp_path):
    built = pairsmith.build(rows(2, "much"), tmp_path / "out", drop_weak=1)
    assert built.totals.quarantined == {"malformed": 1}
