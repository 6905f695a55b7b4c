"""How it went: length, openings, and the turn at which the score falls, as planted."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import AnnotationError
from pairsmith.exploring.answer import Study, UnansweredError
from pairsmith.exploring.attempts import read_attempts
from pairsmith.exploring.explore import weigh_chances
from pairsmith.exploring.openings import tell_forms
from pairsmith.exploring.options import ExploreOptions
from pairsmith.exploring.questions.course import ask, plot
from support.attempts import OPENINGS, effect, let_succeed, make_attempts, skills_of, study_of
from support.planted_attempts import plant, write_build

SCORER = pairsmith.Annotator("pairsmith score", "1", {"model": {"name": "planted"}})
FALL = 2
"""The reply after which planted scores fall."""


def sure_of(answer) -> int:
    """How many effects of an answer are sure if nothing else is asked, each list by itself."""
    return sum(q <= 0.05 for q in weigh_chances([answer]).values())


def test_persistence_comes_back_and_nothing_else():
    attempts = make_attempts(2500, seed=1)
    chances = 0.3 + 0.08 * np.log2(attempts.replies) + skills_of(attempts, 0.05)
    answer = ask(study_of(let_succeed(attempts, chances)))
    found = effect(answer, "twice as many replies")
    assert found.low < 8 < found.high
    assert found.p < 1e-4
    assert "wice as many replies go with +" in answer.headline
    assert f"{sure_of(answer)} go with success and 0 with failure" in answer.sentence
    forms = answer.effects[1].effects
    assert forms
    assert all(held.p is None or held.p > 0.01 for held in forms)
    by_replies = answer.numbers["success_by_replies"]
    assert list(by_replies) == ["1 reply", *(f"{n} replies" for n in range(2, 6))]
    assert sum(held["rows"] for held in by_replies.values()) == 2500
    assert plot(answer).svg.startswith("<svg")


def test_an_opening_comes_back():
    attempts = make_attempts(2500, seed=2)
    asks = np.array(["?" in text for text in attempts.opening.to_pylist()])
    answer = ask(study_of(let_succeed(attempts, 0.3 + 0.15 * asks)))
    found = effect(answer, "asks: has a question mark")
    assert found.low < 15 < found.high
    assert found.rows == asks.sum()
    assert effect(answer, "twice as many replies").p > 0.05


def test_without_effects_nothing_is_news():
    answer = ask(study_of(make_attempts(1500, seed=5)))
    assert answer.headline == ""
    assert "Turns have no scores: --scores" in answer.sentence


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("كيف أزرع الشاي؟", ["asks: has a question mark"]),
        ("お茶は好き？", ["asks: has a question mark"]),
        ("  how do ferns grow", ["begins with a question word"]),
        ("Pretend you are a pot", ["asks to play a part, or to suppose"]),
        ("Tea\nMoss", ["has more than one line"]),
        ("Tea \n", []),
        ("x" * 200, ["is long: 200 characters or more"]),
        ("whatever", []),
        (None, []),
    ],
    ids=["arabic", "japanese", "how", "part", "lines", "line", "long", "word", "none"],
)
def test_forms_of_a_first_message(text, forms):
    told = tell_forms(pa.array([text, OPENINGS[1]], pa.string()))
    assert [name for name, has in told.items() if has[0]] == forms


@pytest.mark.parametrize(
    ("success", "why"),
    [(np.nan, "No attack has a rating."), (0.0, "All rated attacks failed")],
    ids=["unrated", "lost"],
)
def test_it_says_why_there_is_no_answer(success, why):
    with pytest.raises(UnansweredError, match=why):
        ask(study_of(replace(make_attempts(100), success=np.full(100, success))))


def test_where_no_member_is_told_only_models_are_taken_out():
    attempts = make_attempts(2000, seed=6)
    nobody = attempts.member._replace(names=(), codes=np.full(2000, -1))
    held = let_succeed(replace(attempts, member=nobody), 0.2 + 0.1 * np.log2(attempts.replies))
    answer = ask(study_of(held))
    found = effect(answer, "twice as many replies")
    assert found.low < 10 < found.high
    assert "attacks of members who are not told" in answer.sentence
    assert "who attacked is not told" in answer.effects[0].words
    assert answer.headline.endswith("the model taken out.")


def test_of_members_who_attacked_once_nothing_is_taken_out():
    attempts = make_attempts(200)
    once = attempts.member._replace(names=tuple(map(str, range(200))), codes=np.arange(200))
    answer = ask(study_of(replace(attempts, member=once)))
    assert effect(answer, "twice as many replies").estimate is None
    assert "cannot be told" in answer.sentence


def test_attacks_of_one_length_have_no_persistence():
    attempts = make_attempts(400)
    one = replace(attempts, replies=np.ones(400, np.int64), characters=np.full(400, 9))
    answer = ask(study_of(one))
    assert answer.effects[0].effects == ()
    assert "attacks do not differ in it" in answer.sentence


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A build of attacks, and scores of its turns that fall after one reply."""
    out = write_build(tmp_path_factory.mktemp("course"), plant(400, seed=4))
    attempts = read_attempts(out, read_manifest(out), 3.0)
    chance = np.random.default_rng(0)
    scores = [
        (np.where(np.arange(many) < FALL, 1.0, -0.5) + chance.normal(0, 0.3, many)).tolist()
        for many in attempts.replies
    ]
    _annotate(out, "turns", attempts.ids.to_pylist(), scores)
    return out, attempts


def _annotate(out, name, ids, scores):
    turns = pa.array(scores, pa.list_(pa.float64()))
    table = pa.table({"id": ids, "label": ["dialogue"] * len(ids), "turn_scores": turns})
    pairsmith.annotate(out, name, table, SCORER)


def _study(scored, name, **columns):
    out, attempts = scored
    return Study(out, read_manifest(out), ExploreOptions(scores=name), replace(attempts, **columns))


def test_the_turn_at_which_the_score_falls(scored):
    answer = ask(_study(scored, "turns"))
    fall, before, after = (
        effect(answer, f"reply {turn} to {turn + 1}") for turn in (FALL, FALL - 1, FALL + 1)
    )
    assert fall.low < -1.5 < fall.high
    assert fall.p < 1e-6
    assert fall.rows == (scored[1].replies > FALL).sum()
    assert all(held.low < 0.05 and held.high > -0.05 for held in (before, after))
    assert "the score falls most from reply 2 to 3, by 1.5" in answer.sentence
    assert "he score falls most from reply 2 to 3" in answer.headline
    means = answer.numbers["mean_score"]
    assert means["reply 1"]["low"] > 0.8
    assert means["reply 3"]["high"] < -0.3
    assert sum(held["estimate"] for held in answer.numbers["lowest_at"].values()) == pytest.approx(
        1
    )


def test_scores_are_followed_without_ratings(scored):
    answer = ask(_study(scored, "turns", success=np.full(400, np.nan)))
    assert "No attack has a rating." in answer.sentence
    assert effect(answer, "reply 2 to 3").p < 1e-6
    assert answer.headline.startswith("The score falls most")


def test_attacks_with_another_number_of_scores_are_left_out(scored):
    out, attempts = scored
    scores = [[0.5, -0.5] for _ in range(400)]
    _annotate(out, "two", attempts.ids.to_pylist(), scores)
    numbers = ask(_study(scored, "two")).numbers
    assert numbers["attacks_with_scores_of_turns"] == (attempts.replies == 2).sum()
    assert numbers["left_out_as_not_one_a_reply"] == (attempts.replies != 2).sum()


def test_an_annotation_without_turns_says_so(scored):
    out, attempts = scored
    said = [{"id": id, "label": "x", "score": 1.0} for id in attempts.ids.to_pylist()]
    pairsmith.annotate(out, "plain", said, SCORER)
    answer = ask(_study(scored, "plain"))
    assert "The annotation plain holds no scores of the turns" in answer.sentence
    assert effect(answer, "twice as many replies").rows == 400


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e35], ids=["nan", "inf", "large"])
def test_scores_that_are_no_numbers_are_refused(scored, value):
    out, attempts = scored
    held = [[0.0] * (many - 1) + [value] for many in attempts.replies.tolist()]
    _annotate(out, "broken", attempts.ids.to_pylist(), held)
    with pytest.raises(AnnotationError, match="no finite number"):
        ask(_study(scored, "broken"))


def test_another_builds_scores_are_refused(scored, tmp_path):
    out, _ = scored
    other = write_build(tmp_path, plant(40, seed=9))
    ids = read_attempts(other, read_manifest(other), 3.0).ids.to_pylist()
    _annotate(other, "others", ids, [[0.0]] * 40)
    (other / "annotations" / "others").rename(out / "annotations" / "others")
    with pytest.raises(AnnotationError, match="another build|other build"):
        ask(_study(scored, "others"))
