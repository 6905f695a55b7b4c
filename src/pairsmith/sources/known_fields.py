"""Names that fields have in people's data, by what they are to a comparison.

Tables alone: `sources.tell_columns` looks them up. Where several names fit, the first one is taken.
"""

from __future__ import annotations

PROMPTS = (
    *("prompt", "question", "instruction", "query", "problem", "task", "user_prompt"),
    *("user_message", "user", "post", "messages", "conversations", "conversation", "dialogue"),
    *("context", "history", "input"),
)
"""Fields that the replies answer. `input` is the last one: beside another it goes on from it."""

TEXTS_INSIDE = ("full_text", "text", "content", "body", "question", "prompt", "title")
"""Where the prompt is an object: the field of it that holds the text."""

POSTS = ("title", "post", "article")
"""Where the prompt is a post with a title, as in `info` of OpenAI's comparisons of summaries."""

BETTER_WORSE = (
    *(("chosen", "rejected"), ("preferred", "rejected"), ("accepted", "rejected")),
    *(("preferred", "dispreferred"), ("better", "worse"), ("positive", "negative")),
    *(("winning", "losing"), ("winner", "loser"), ("win", "lose"), ("best", "worst")),
    *(("good", "bad"), ("pos", "neg"), ("j", "k")),
)
"""Words of names of a better and a worse reply; `preferred_output` and `non_preferred_output`
are told apart besides."""

NO_REPLY = {
    *("model", "models", "source", "id", "score", "scores", "rating", "ratings", "reward", "rank"),
    *("tokens", "length", "len", "name", "url", "avg", "policy", "logps", "logp", "index", "count"),
    *("num", "hash", "date", "time", "lang", "language", "label", "labels", "margin", "type"),
    *("original", "full", "raw", "feedback", "reasoning", "rationale", "critique", "level", "safe"),
}
"""Words of names of what is told about a reply."""

STEMS = (
    *("response", "answer", "completion", "output", "reply", "summary", "conversation"),
    *("human_ref", "generation", "candidate", "model_output", "model_response", "assistant"),
    *("text", "messages", "chat", "dialogue", "continuation", "option", "sample", "trajectory"),
)
"""Names of two replies, but for what tells them apart."""

SUFFIXES = (("a", "b"), ("A", "B"), ("1", "2"), ("0", "1"), ("left", "right"), ("j", "k"))

SCORE_STEMS = ("score", "rating", "reward", "votes", "upvotes", "likes", "points", "pm_score")

WINNERS = (
    *("winner", "choice", "preferred", "preference", "better", "best", "selected", "chosen"),
    *("verdict", "vote", "judgment", "judgement", "human_preference", "label", "labels"),
)
STRENGTHS = ("preference_strength", "overall_preference", "individual_preference[].score")
"""Below 0 where the first reply is better, as HelpSteer2 and HelpSteer3 have them."""

PREFERENCES = {"better": "better_response_id", "safer": "safer_response_id"}
"""What PKU-SafeRLHF tells of two replies, by what `--preference` calls it."""

ONE_HOT = ("winner_model_{}", "winner_{}", "{}_wins", "wins_{}", "is_{}_better")
TIE_FLAGS = ("winner_tie", "tie", "is_tie")

LISTS = (
    *("completions", "answers", "responses", "replies", "candidates", "outputs", "generations"),
    *("summaries", "samples", "choices", "options", "generated_responses"),
)
"""Lists of replies."""

INNER_TEXTS = (
    *("text", "response", "answer", "completion", "output", "content", "reply", "generation"),
    *("message", "messages", "body", "summary", "conversation"),
)
INNER_RANKS = ("rank", "ranking")
INNER_SCORES = ("overall_score", "score", "rating", "pm_score", "reward", "votes", "upvotes")
INNER_FLAGS = ("selected", "chosen", "accepted", "is_accepted", "preferred")
RANKS_BESIDE = ("ranks", "rank", "ranking", "rankings")
SCORES_BESIDE = ("scores", "ratings", "rating", "rewards", "score", "overall_scores")
CHOICES = ("choice", "best", "best_index", "winner", "chosen", "selected", "preferred", "label")

REPLIES = ("completion", "response", "answer", "output", "reply", "generation")
"""The one reply of a row."""

LABELS = ("label", "labels", "kto_tag", "desirable", "is_good", "thumbs_up", "accepted")
RATINGS = ("helpfulness", "overall_score", "score", "rating", "reward", "overall_rating", "quality")

STATUS = ("status",)
REPLY_STARTS = ("initial_reason_steps",)
"""A reply that was begun, and that both replies go on from (Math-Step-DPO)."""

SCORES_OF_SIDES = (
    ("score_chosen", "score_rejected"),
    ("chosen_score", "rejected_score"),
    ("rating_chosen", "rating_rejected"),
    ("chosen_rating", "rejected_rating"),
    ("reward_chosen", "reward_rejected"),
    ("chosen_reward", "rejected_reward"),
)
"""Names under which data of chosen and rejected replies tell their scores."""
