"""What is told of a source's rows, what is left to be said, and what is typed then."""

import json
from typing import Any

import pytest

from pairsmith.errors import RecipeError, SourceError
from pairsmith.sources.detection.describe import describe
from pairsmith.sources.detection.detect import detect
from pairsmith.sources.fields import is_covered, paths_of
from pairsmith.sources.rows.detected import Asked, Detected
from pairsmith.sources.rows.grouping import group_rows
from pairsmith.sources.rows.mapping import look_up, parse_columns
from pairsmith.sources.rows.reading import read_row
from pairsmith.sources.rows.shapes import ROW_SHAPES
from support.public_shapes import ASKED, BAD, FAIR, GOOD, PUBLIC, whole
from support.shapes import source_file, write

AB = {"prompt": ASKED, "response_a": GOOD, "response_b": BAD}
PAIR = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD}


def told(rows, **asked):
    if "columns" in asked:
        asked["columns"] = parse_columns(asked["columns"])
    return describe(rows, Asked(**asked), "train.jsonl")


def fault(rows, **asked):
    with pytest.raises((SourceError, RecipeError)) as caught:
        told(rows, **asked)
    return caught.value


def outcomes_of(row, held) -> list[Any]:
    return list(read_row(row, held.shape()).outcomes)


def replies(held, row):
    (outcome,) = outcomes_of(row, held)
    return outcome.chosen[-1]["content"], outcome.rejected[-1]["content"]


@pytest.mark.parametrize(
    ("names", "row"),
    [
        (("question", "response_chosen", "response_rejected"), {}),
        (("query", "chosen_response", "rejected_response"), {}),
        (("instruction", "preferred", "dispreferred"), {}),
        (("problem", "better_answer", "worse_answer"), {}),
        (("user_prompt", "positive", "negative"), {}),
        (("input", "preferred_output", "non_preferred_output"), {}),
        (("messages", "win", "lose"), {}),
        (("prompt", "output_a", "output_b"), {"winner": "a"}),
        (("prompt", "completion_1", "completion_2"), {"choice": 1}),
        (("question", "answer1", "answer2"), {"preferred": "answer1"}),
        (("prompt", "reply_0", "reply_1"), {"vote": "0"}),
        (("post", "summary_a", "summary_b"), {"score_a": 5, "score_b": 1}),
        (("prompt", "response_A", "response_B"), {"rating_A": "5", "rating_B": "1"}),
        (("prompt", "response_a", "response_b"), {"chosen": "a", "rejected": "b"}),
        (("prompt", "response_a", "response_b"), {"model_a": "m", "model_b": "n", "winner": "m"}),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_names_that_are_widely_used(names, row, listed):
    asked = [{"role": "user", "content": ASKED}] if listed else ASKED
    if names[0] in ("post", "user_prompt"):
        asked = ASKED
    row = dict(zip(names, (asked, GOOD, BAD), strict=True)) | row
    others = [row, {**row, **{key: 2 for key in ("choice",) if key in row}}]
    assert replies(told(others), row) == (GOOD, BAD)


def test_rows_vote_and_bad_ones_decide_nothing():
    good = PUBLIC["Nectar"].rows[0]
    junk = [{"note": 1}, {"answers": "x"}, {"prompt": [], "chosen": 5}, {}]
    assert told([*junk, good, *junk]).name == "replies"
    mixed = [PAIR, good, good]
    held = told(mixed)
    assert held.name == "replies"
    (outcome,) = outcomes_of(PAIR, held)
    assert outcome.reason == "malformed"


def test_a_number_that_may_mean_either_reply_is_not_guessed():
    for values in ([1, 1], [0, 1, 2], [True, False], [3]):
        said = fault([{**AB, "winner": value} for value in values])
        assert "could only be guessed" in said.message
        assert "--columns winner=winner,first=0" in said.hint
    assert "--columns label=label" in fault([{**AB, "label": n} for n in (0, 1)]).hint
    held = told([{**AB, "winner": 1}], columns="winner=winner,first=1")
    assert replies(held, {**AB, "winner": 1}) == (GOOD, BAD)
    held = told([{**AB, "label": 1}], columns="label=label")
    assert replies(held, {**AB, "label": 1}) == (GOOD, BAD)
    held = told([{**AB, "preference": -1}], columns="strength=preference")
    assert replies(held, {**AB, "preference": -1}) == (GOOD, BAD)
    assert told([{**AB, "winner": n} for n in (0, 1)]).columns["first"] == "0"
    assert told([{**AB, "winner": n} for n in ("1", "2")]).columns["first"] == "1"


def test_a_preference_must_be_named_where_there_are_two():
    rows = PUBLIC["PKU-SafeRLHF"].rows
    said = fault(rows)
    assert "better and safer" in said.message
    assert said.hint == "Add --preference better or --preference safer."
    assert "'kinder' is none of them" in fault(rows, preference="kinder").message
    assert replies(told(rows, preference="better"), rows[0]) == (GOOD, BAD)
    assert replies(told(rows, preference="safer"), rows[0]) == (BAD, GOOD)
    assert told(rows, preference="safer_response_id").preference == "safer"
    one = [{k: v for k, v in rows[0].items() if k != "safer_response_id"}]
    assert told(one).preference == "better"
    ratings = PUBLIC["HelpSteer2 ratings"].rows
    assert told(ratings).preference == "helpfulness"
    assert told(ratings, preference="correctness").columns["score"] == "correctness"
    assert "verbosity" in fault(ratings, preference="kindness").message
    assert "Leave it out" in fault([PAIR], preference="prompt").hint


@pytest.mark.parametrize(
    ("row", "message", "hint"),
    [
        ({"chosen_text": "a b", "rejected_text": "c", "topic": "d"}, "better and a worse reply",
         "--columns prompt=topic,chosen=chosen_text,rejected=rejected_text"),
        ({"prompt": "a", "response_a": "b", "response_b": "c"}, "says which is better",
         "--columns prompt=prompt,a=response_a,b=response_b,winner=FIELD"),
        ({"question": "a", "answers": [{"text": "b"}]}, "tells which of them is better",
         "--columns prompt=question,replies=answers,text=text,score=FIELD"),
        ({"prompt": "a", "completion": "b"}, "there is no second one",
         "--columns prompt=prompt,reply=completion,label=FIELD"),
        ({"prompt": "a", "yes": "b", "no": "c"}, "no two fields are known as replies",
         "--columns prompt=prompt,chosen=yes,rejected=no"),
        ({"alpha": 1}, "their fields: alpha", "--columns prompt=FIELD,chosen=FIELD"),
    ],
)  # fmt: skip
def test_the_nearest_shape_and_what_to_type(row, message, hint):
    said = fault([row])
    assert said.message.startswith("train.jsonl has rows of no shape that is known; their fields:")
    assert message in said.message
    assert hint in said.hint


@pytest.mark.parametrize(
    ("columns", "message", "hint"),
    [
        ("promt=x,chosen=a,rejected=b", "no role 'promt'", "Did you mean prompt?"),
        ("prompt", "takes ROLE=FIELD", "--columns prompt=question"),
        ("prompt=", "takes ROLE=FIELD", "--columns prompt=question"),
        ("prompt=x,prompt=y", "the role prompt twice", "title+body"),
        ("chosen=x", "chosen without rejected", "Add rejected=FIELD"),
        ("b=x", "b without a", "Add a=FIELD"),
        ("parent=p,reply=q", "parent without id and role", "Add id=FIELD,role=FIELD"),
        ("winner=x,first=2", "first takes 0 or 1, not '2'", "the first reply"),
        ("a=chosen,b=rejected", "which of the two replies is better", "winner=FIELD"),
        ("replies=chosen", "which of the replies is better", "--from alpaca-output"),
        ("reply=chosen", "replies to one prompt is better", "label=FIELD or score=FIELD"),
        ("prompt=prompd", "No row has the field 'prompd' that --columns names for prompt; the "
         "fields are prompt, chosen, rejected", "Perhaps: --columns prompt=prompt"),
        ("prompt=meta.q", "No row has the field 'meta.q'", "Name one of these"),
        ("chosen=prompt,rejected=worst", "No row has the field 'worst'", ""),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_hold(columns, message, hint):
    said = fault([PAIR], columns=columns)
    assert message in said.message
    assert hint in said.hint


def test_what_else_does_not_go_together():
    assert "best-worst, best-rest" in fault([PAIR], pairs="some").message
    assert "tell none" in fault([PAIR], min_margin=1).message
    assert "from 0 up" in fault([PAIR], min_margin=-1).message
    assert "from 0 up" in fault([PAIR], min_margin=float("nan")).message
    assert "There is no shape 'alpacca'" in fault([PAIR], shape="alpacca").message
    assert "no shape that is known" in fault([PAIR], shape="tree").message


def test_a_mapping_in_all_its_ways():
    row = {"meta": {"q": ASKED, "draft.1": GOOD}, "out": ["x", BAD], "my chosen": GOOD}
    columns = {"prompt": "meta.q", "chosen": "my chosen", "rejected": "out[1]"}
    held = told([row], columns=columns)
    assert replies(held, row) == (GOOD, BAD)
    assert read_row(row, held.shape()).used == {"meta.q", "my chosen", "out[]"}
    assert look_up(row, "meta.draft.1") == [GOOD]
    assert look_up(row, "out[]") == ["x", BAD]
    assert look_up(row, "out[7]") == look_up(row, "out.x") == look_up(row, "meta[].q") == []
    held = told([PAIR], columns="chosen=rejected,rejected=chosen")
    assert replies(held, PAIR) == (BAD, GOOD)
    row = {"title": ASKED, "body": "It wilts.", "chosen": GOOD, "rejected": BAD}
    (outcome,) = outcomes_of(row, told([row], columns="prompt=title+body"))
    assert outcome.chosen[0]["content"] == f"{ASKED}\n\nIt wilts."


def test_a_source_without_a_row_keeps_what_was_named():
    assert told([]) is None
    assert told([{"prompt": None}]) is None
    assert told([], shape="trl").name == "trl"
    assert told([], columns="prompt=q,chosen=a,rejected=b").columns["prompt"] == "q"


def test_conversations_that_are_written_down_need_no_prompt():
    rows = [{"chosen": f"Human: {ASKED}\nAssistant: {GOOD}",
             "rejected": f"Human: {ASKED}\nAssistant: {BAD}"}] * 5  # fmt: skip
    assert replies(told(rows), rows[0]) == (GOOD, BAD)
    assert "could only be guessed" in fault([{"chosen": GOOD, "rejected": BAD}]).message


def test_files_pool_their_rows_and_may_not_differ(tmp_path):
    one = write(tmp_path / "train.jsonl", PUBLIC["Nectar"].rows)
    two = write(tmp_path / "test.parquet", PUBLIC["Nectar"].rows)
    held = detect([source_file(one), source_file(two)])
    assert held.name == "replies"
    assert held.pairs == "best-worst"
    other = write(tmp_path / "other.jsonl", [AB | {"winner": "a"}])
    with pytest.raises(SourceError, match=r"train\.jsonl replies, other\.jsonl two"):
        detect([source_file(one), source_file(other)])
    renamed = write(tmp_path / "renamed.jsonl", [{"question": ASKED, "chosen": GOOD,
                                                  "rejected": [BAD]}])  # fmt: skip
    first = write(tmp_path / "first.jsonl", [{**PAIR, "rejected": [BAD]}])
    with pytest.raises(SourceError, match="differ in their fields"):
        detect([source_file(first), source_file(renamed)])
    empty = write(tmp_path / "empty.jsonl", [])
    assert detect([source_file(empty)]).name == "hh"
    assert detect([source_file(empty), source_file(one)]).name == "replies"


def test_what_is_told_travels_as_json():
    held = told(PUBLIC["arena-human-preference-55k"].rows)
    assert held.kinds["a"].name == "json"
    assert Detected.from_dict(held.to_dict()) == held
    assert held.shape().kind_of("b").name == "json"


def test_rows_of_one_prompt_may_stand_anywhere():
    rows = [{"prompt": p, "completion": c, "label": label} for p, c, label in
            [("q1", GOOD, True), ("q2", FAIR, False), ("q3", FAIR, True), ("q1", BAD, False),
             ("q2", GOOD, True), ("q1", FAIR, False), ("q4", 5, True)]]  # fmt: skip
    held = told(rows)
    assert held.pairs == "all"
    groups = {
        tuple(numbers): outcomes_of(row, held)
        for numbers, row in group_rows(enumerate(rows, 1), held.shape())
    }
    assert set(groups) == {(1, 4, 6), (2, 5), (3,), (7,)}
    assert [(o.chosen[-1]["content"], o.rejected[-1]["content"]) for o in groups[1, 4, 6]] == [
        (GOOD, BAD), (GOOD, FAIR)
    ]  # fmt: skip
    assert groups[(3,)][0].reason == "unpaired"
    assert groups[(7,)][0].reason == "malformed"
    system = [{**row, "system": f"{n % 2}"} for n, row in enumerate(rows[:4])]
    held = told(system)
    assert [n for n, _ in group_rows(enumerate(system), held.shape())] == [[0], [1], [2], [3]]


def test_reasoning_and_tools_stay_with_replies_of_a_list():
    row = {"prompt": ASKED, "responses": [
        {"response": GOOD, "reasoning_content": "It is dry.", "score": 2},
        {"response": BAD, "score": 1}]}  # fmt: skip
    held = told([row])
    (outcome,) = outcomes_of(row, held)
    assert outcome.chosen[-1]["reasoning_content"] == "It is dry."
    assert "responses[].reasoning_content" in read_row(row, held.shape()).used
    messages = {"prompt": ASKED, "responses": [
        {"role": "assistant", "content": GOOD, "rank": 1, "tool_calls": [
            {"type": "function", "function": {"name": "soil", "arguments": "{}"}}]},
        {"role": "assistant", "content": BAD, "rank": 2}]}  # fmt: skip
    (outcome,) = outcomes_of(messages, told([messages]))
    assert outcome.chosen[-1]["tool_calls"][0]["function"]["name"] == "soil"
    beside = {**PAIR, "chosen_thinking": "Hm."}
    (outcome,) = outcomes_of(beside, told([beside]))
    assert outcome.reason == "unread_content"
    held = told([beside], columns="left_out=chosen_thinking")
    assert replies(held, beside) == (GOOD, BAD)


def test_a_prompt_that_is_missing_beside_whole_conversations():
    rows = [{"prompt": ASKED, "chosen": whole(), "rejected": whole(BAD)}] * 3
    held = told(rows)
    assert replies(held, {**rows[0], "prompt": None}) == (GOOD, BAD)


NUMBERED = [
    {"response_1": FAIR, "response_2": GOOD, "response_3": BAD, "rank_1": 2, "rank_2": 1,
     "rank_3": 3},
    {"answer_a": BAD, "answer_b": FAIR, "answer_c": GOOD, "score_a": 1.0, "score_b": "2",
     "score_c": 5},
    {"output0": GOOD, "output1": BAD, "output2": FAIR, "rating0": 9, "rating1": 1, "rating2": 3},
    {"responses": [BAD, GOOD, FAIR], "scores": [1, 3, 2]},
    {"responses": json.dumps([BAD, GOOD, FAIR]), "scores": "[1, 3, 2]"},
    {"generations": [BAD, GOOD], "ratings": [None, 3], "rewards": [1, 2]},
    {"answers": json.dumps([{"text": BAD, "votes": 1}, {"text": GOOD, "votes": "7"}])},
    {"completions": [{"text": GOOD, "quality": {"overall": 5}},
                     {"text": BAD, "quality": {"overall": 2}}]},
    {"all_generated_responses": [FAIR, GOOD, BAD], "all_rm_scores": [0.2, 0.9, -1]},
    {"A": GOOD, "B": BAD, "label": "A"},
    {"model_a_response": BAD, "model_b_response": GOOD, "winner": "model_b"},
    {"left_answer": GOOD, "right_answer": BAD, "choice": "left"},
    {"first_response": GOOD, "second_response": BAD, "preferred": "first"},
    {"y_w": GOOD, "y_l": BAD},
    {"chosenResponse": GOOD, "rejectedResponse": BAD},
    {"responseChosen": GOOD, "responseRejected": BAD},
    {"chosen": GOOD, "reject": BAD},
    {"chosen_response": GOOD, "rejected_response": BAD, "chosen_avg_rating": 5,
     "rejected_avg_rating": 2, "chosen_model": "m", "rejected_model": "n"},
]  # fmt: skip


@pytest.mark.parametrize("row", NUMBERED, ids=lambda row: next(iter(row)))
def test_other_ways_to_have_replies(row):
    row = {"id": 7, "task": "care", "question": ASKED, **row}
    asked = {"preference": "quality.overall"} if "completions" in row else {}
    held = told([row, row], **asked)
    if "generations" in row:
        assert outcomes_of(row, held)[0].reason == "unpaired"
        return
    (outcome,) = outcomes_of(row, held)
    assert outcome.chosen[-1]["content"] == GOOD
    assert outcome.rejected[-1]["content"] in (BAD, FAIR)
    assert outcome.chosen[0]["content"] == ASKED
    left = {p for p in paths_of(row) if not is_covered(p, read_row(row, held.shape()).used)}
    meta = {"id", "task", "rewards[]", "chosen_model", "rejected_model"}
    assert left <= meta


def test_scores_under_other_names_are_found():
    row = {"prompt": ASKED, "chosen": whole(), "rejected": whole(BAD), "chosen-rating": 1,
           "rejected-rating": 4, "chosen-model": "m", "rejected-model": "n"}  # fmt: skip
    held = told([row])
    assert held.columns["score_chosen"] == "chosen-rating"
    assert outcomes_of(row, held)[0].notes == ("score_contradicts",)
    lengths = {**PAIR, "chosen_length": 1, "rejected_length": 4, "chosen_rank": 2,
               "rejected_rank": 1}  # fmt: skip
    assert "score_chosen" not in told([lengths]).columns


def test_what_is_no_comparison_is_not_taken_for_one():
    for row in (
        {"question": ASKED, "choices": [GOOD, BAD], "answer": 0},
        {"instruction": ASKED, "input": "", "output": GOOD},
        {"messages": whole()},
        {"text": ASKED, "label": 1},
        {"prompt": ASKED, "response": GOOD},
        {"prompt": ASKED, "response_a": GOOD, "response_b": BAD, "response_c": FAIR, "winner": "a"},
        {"prompt": ASKED, "chosen_model": "m", "rejected_model": "n"},
        {"chosen_score": 5, "rejected_score": 2},
    ):
        assert "no shape that is known" in fault([row, row]).message


def judged(selected, **fields):
    return {"result": [{"value": {"selected": selected}}], **fields}


def test_what_annotators_cancelled_counts_for_nothing():
    row = {"data": {"prompt": ASKED, "answer1": GOOD, "answer2": BAD}, "annotations": [
        judged("right", was_cancelled=True), judged("left", was_cancelled=False)]}  # fmt: skip
    held = told([row])
    assert replies(held, row) == (GOOD, BAD)
    assert "annotations[].was_cancelled" in read_row(row, held.shape()).used
    none = {**row, "annotations": [judged("right", was_cancelled=True)]}
    assert outcomes_of(none, held)[0].reason == "tie"
    picture = {**row, "data": {**row["data"], "image": "a.png"}}
    assert outcomes_of(picture, held)[0].reason == "unread_content"


def test_records_of_argilla_in_other_forms():
    fields = {"prompt": ASKED, "response_1": BAD, "response_2": GOOD}
    second = {
        "fields": fields,
        "responses": {
            "best": [
                {"value": "response_2", "user_id": "u"},
                {"value": "response_2", "user_id": "v"},
            ]
        },
    }
    assert replies(told([second]), second) == (GOOD, BAD)
    rated = {"fields": fields, "responses": [{"values": {
        "rating_response_1": {"value": 2}, "rating_response_2": {"value": 5}}}, {"values": {
        "rating_response_1": {"value": 4}}}]}  # fmt: skip
    held = told([rated])
    (outcome,) = outcomes_of(rated, held)
    assert outcome.scores == (5, 3)
    picks = [{"values": {"best": {"value": f"response_{n}"}}} for n in (2, 2, 3)]
    three = {"fields": {**fields, "response_3": FAIR}, "responses": picks}
    assert [replies_of(o) for o in outcomes_of(three, told([three]))] == [(GOOD, BAD), (GOOD, FAIR)]


def replies_of(outcome):
    return outcome.chosen[-1]["content"], outcome.rejected[-1]["content"]


def test_transcripts_with_a_system_text_beside():
    shown = f"\n\nHuman: {ASKED}\n\nAssistant:"
    row = {"chosen": f"{shown} {GOOD}", "rejected": f"{shown} {BAD}", "system": "Be brief."}
    for held in (told([row] * 3).shape(), ROW_SHAPES["hh"]):
        (outcome,) = list[Any](read_row(row, held).outcomes)
        assert [m["content"] for m in outcome.chosen] == ["Be brief.", ASKED, GOOD]
