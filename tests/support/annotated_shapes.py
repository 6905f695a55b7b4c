"""Small invented rows as labelling tools export them, see `support.public_shapes`."""

from support.public_shapes import ASKED, BAD, FAIR, GOOD, PAIR, Public


def judged(*picks):
    return [
        {"completed_by": n, "result": [{"value": {"selected": pick}, "type": "pairwise"}]}
        for n, pick in enumerate(picks)
    ]


def record(responses, status="submitted", **fields):
    return {
        "fields": {"prompt": ASKED, **fields},
        "responses": responses,
        "status": status,
        "metadata": {"batch": 1},
    }


def said(question, value, status="submitted"):
    return {"user": "ann", "values": {question: {"value": value}}, "status": status}


ANNOTATED = {
    "Label Studio": Public(
        "two",
        [
            {"id": 1, "data": {"prompt": ASKED, "answer1": BAD, "answer2": GOOD},
             "annotations": judged(*picks)}
            for picks in (("right",), ("left", "right", "right"), ("left", "right"))
        ],
        [[PAIR], [PAIR], ["tie"]],
        {"id", "annotations[].completed_by", "annotations[].result[].type"},
    ),
    "Argilla choices": Public(
        "two",
        [
            record([said("choice", "response_2")], response_1=BAD, response_2=GOOD),
            record([said("choice", "response_1", "discarded"), said("choice", "response_2")],
                   response_1=BAD, response_2=GOOD),
            record([said("choice", "response_2")], "discarded", response_1=BAD, response_2=GOOD),
        ],
        [[PAIR], [PAIR], ["tie"]],
        {"responses[].user", "metadata.batch"},
    ),
    "Argilla rankings": Public(
        "replies",
        [record([said("ranking", [{"value": "response-1", "rank": 3},
                                  {"value": "response-2", "rank": 1},
                                  {"value": "response-3", "rank": 2}])],
                **{"response-1": BAD, "response-2": GOOD, "response-3": FAIR})],
        [[PAIR]],
        {"responses[].user", "metadata.batch"},
    ),
    "Argilla ratings": Public(
        "rows",
        [record([said("rating", 2), said("rating", 1)], response=BAD),
         record([said("rating", 4)], response=GOOD)],
        [[PAIR]],
        {"responses[].user", "metadata.batch"},
    ),
}  # fmt: skip
"""Rows of Label Studio's and Argilla's exports."""
