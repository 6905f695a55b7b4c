"""Names that fields have in people's data, by what they are to a comparison.

Tables alone: `detection.tell_columns` looks them up. Where several names fit, the first is taken.
"""

from __future__ import annotations

PROMPTS = (
    *("prompt", "question", "instruction", "query", "problem", "user_prompt", "user_query"),
    *("user_message", "post", "messages", "conversations", "conversation", "dialogue", "dialog"),
    *("trajectory", "chat", "context", "history", "input", "user"),
)
"""Fields that the replies answer. `input` comes late: beside another it goes on from it."""

LISTED_PROMPTS = ("trajectory", "user", "chat")
"""Of these, names that stand for a prompt only where they hold messages."""

TEXTS_INSIDE = ("full_text", "text", "content", "body", "question", "prompt", "title")
"""Where the prompt is an object: the field of it that holds the text."""

POSTS = ("title", "post", "article")
"""Where the prompt is a post with a title, as in `info` of OpenAI's comparisons of summaries."""

BETTER_WORSE = (
    *(("chosen", "rejected"), ("chosen", "reject"), ("preferred", "rejected")),
    *(("accepted", "rejected"), ("accept", "reject"), ("preferred", "dispreferred")),
    *(("preferred", "unpreferred"), ("better", "worse"), ("positive", "negative")),
    *(("winning", "losing"), ("winner", "loser"), ("win", "lose"), ("best", "worst")),
    *(("good", "bad"), ("pos", "neg"), ("helpful", "unhelpful"), ("j", "k"), ("w", "l")),
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
    *("response", "answer", "completion", "output", "reply", "summary", "conversation", "ref"),
    *("human_ref", "generation", "candidate", "assistant", "text", "messages", "chat", "dialogue"),
    *("continuation", "option", "sample", "trajectory", "responses"),
)
"""The last words of names of replies, but for what tells them apart."""

MARKS = (
    *(("a", "b"), ("A", "B"), ("1", "2"), ("0", "1"), ("left", "right"), ("first", "second")),
    ("one", "two"),
)
"""What tells the names of two replies apart."""

NUMBERED = ("123456789", "0123456789", "abcdefgh", "ABCDEFGH")
"""The same of several."""

SCORE_STEMS = ("score", "rating", "reward", "votes", "upvotes", "likes", "points", "pm_score")

WINNERS = (
    *("winner", "choice", "preferred", "preference", "better", "best", "selected", "chosen"),
    *("verdict", "vote", "judgment", "judgement", "human_preference", "label", "labels"),
)
STRENGTHS = ("preference_strength", "overall_preference", "individual_preference[].score")
"""Below 0 where the first reply is better, as HelpSteer2 and HelpSteer3 have them."""

STRENGTHS_BESIDE = ("strength", "preference_strength")
"""How sure who chose was, beside a comparison; its sign is of no account there."""

PREFERENCES = {"better": "better_response_id", "safer": "safer_response_id"}
"""What PKU-SafeRLHF tells of two replies, by what `--preference` calls it."""

ONE_HOT = ("winner_model_{}", "winner_{}", "{}_wins", "wins_{}", "is_{}_better")
TIE_FLAGS = ("winner_tie", "tie", "is_tie")

LISTS = (
    *("completions", "answers", "responses", "replies", "candidates", "outputs", "generations"),
    *("summaries", "samples", "generated_responses", "all_generated_responses", "model_outputs"),
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
SCORES_BESIDE = (
    *("scores", "ratings", "rating", "rewards", "score", "overall_scores", "rm_scores"),
    *("all_rm_scores", "votes", "upvotes"),
)
CHOICES = ("choice", "best", "best_index", "winner", "chosen", "selected", "preferred", "label")

REPLIES = ("completion", "response", "answer", "output", "reply", "generation")
"""The one reply of a row."""

LABELS = ("label", "labels", "kto_tag", "desirable", "is_good", "thumbs_up", "accepted")
RATINGS = ("helpfulness", "overall_score", "score", "rating", "reward", "overall_rating", "quality")

STATUS = ("status",)
STATUS_WORDS = {"tie", "swapped", "unchanged", "discarded"}
"""What a status says where it is about the comparison (distilabel-intel-orca-dpo-pairs)."""

SCORE_WORDS = {"score", "rating", "reward", "grade", "points", "votes", "upvotes"}
NO_SCORE = {"model", "length", "len", "rank", "logp", "logps", "std", "count", "num", "id"}
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
