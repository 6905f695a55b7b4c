"""Replies before and after: what is said of them, also of those that have no score."""

import numpy as np

from pairsmith.models.generation.sample import Sample
from pairsmith.training.judges import Asked
from pairsmith.training.samples import Replies


def test_replies_without_a_score_are_counted():
    asked = [Asked(f"tea/test/{number}", "Which tea?", None, [1]) for number in range(3)]
    said = [Sample("Mint.", number, "stop", 2, (3, 4), -1.0, 0.0) for number in range(3)]
    scores = {"score": np.array([[1.0, np.nan, 2.0], [1.5, 2.0, np.inf]]), "watch": np.ones((2, 3))}
    replies = Replies(asked, said, said, np.zeros(3), np.zeros(3), scores)
    assert replies.not_scored == {"score": 2, "watch": 0}
    assert replies.to_dict()["scores"]["score"]["not_scored"] == 2
    [told] = [line for line in replies.verdict() if "not known" in line]
    assert told.startswith("score of 2 of 3 prompts is not known: the model refuses")
