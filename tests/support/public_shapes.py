"""Small invented rows under the very field names of well-known public data sets.

Each data set has its rows, and what they are: pairs of (prompt, better, worse) as texts, in order,
or the reason of a refusal. A prompt is a text, or the contents of several turns.
"""

from collections.abc import Set
from typing import Any, NamedTuple

ASKED, GOOD, FAIR, BAD = "Is mint dry?", "A little.", "Perhaps.", "Mint is a herb."
MORE = "And sage?"


class Public(NamedTuple):
    """Rows of one data set.

    Attributes:
        shape: The name of the shape that they are told to have.
        rows: They.
        expected: What each row, or group of rows, gives: a list of outcomes.
        left_out: Fields that are in no comparison.
        asked: What has to be asked for, as fields of `Asked`.
    """

    shape: str
    rows: list[dict[str, Any]]
    expected: list[list[Any]]
    left_out: Set[str] = frozenset()
    asked: tuple[tuple[str, str], ...] = ()


def user(text=ASKED):
    return {"role": "user", "content": text}


def assistant(text=GOOD):
    return {"role": "assistant", "content": text}


def whole(text=GOOD):
    return [user(), assistant(text)]


PAIR = ((ASKED,), GOOD, BAD)
TWICE = ((ASKED, FAIR, MORE), GOOD, BAD)
WITH_SYSTEM = (("Be brief.", ASKED), GOOD, BAD)
SHOWN = f"\n\nHuman: {ASKED}\n\nAssistant:"


def rated(text, score, system=None):
    return {
        "model": "m",
        "response": text,
        "overall_score": score,
        "fine-grained_score": 5 - score,
        "custom_system_prompt": system,
        "annotations": {"helpfulness": {"Rating": "3", "Rationale": "It helps."}},
    }


def node(name, parent, role, text, rank=None):
    return {
        "message_id": name, "parent_id": parent, "role": role, "text": text, "rank": rank,
        "lang": "en", "message_tree_id": "m1", "deleted": False,
    }  # fmt: skip


PUBLIC = {
    "hh-rlhf": Public(
        "hh", [{"chosen": f"{SHOWN} {GOOD}", "rejected": f"{SHOWN} {BAD}"}], [[PAIR]]
    ),
    "full-hh-rlhf": Public(
        "hh-prompt",
        [{"prompt": SHOWN, "response": f" {GOOD}", "chosen": f" {GOOD}", "rejected": f" {BAD}"}],
        [[PAIR]],
        {"response"},
    ),
    "ultrafeedback_binarized": Public(
        "ultrafeedback",
        [
            {"prompt": ASKED, "prompt_id": "1", "chosen": whole(), "rejected": whole(BAD),
             "messages": whole(), "score_chosen": 8.0, "score_rejected": 2.5},
            {"prompt": ASKED, "prompt_id": "1", "chosen": whole(), "rejected": whole(BAD),
             "messages": whole(), "score_chosen": 8.0, "score_rejected": 8.0},
        ],
        [[PAIR], ["tie"]],
        {"prompt_id", "messages[].role", "messages[].content"},
    ),
    "UltraFeedback": Public(
        "replies",
        [
            {"source": "s", "instruction": ASKED, "models": ["m"], "correct_answers": ["None"],
             "completions": [rated(FAIR, 3.0), rated(GOOD, 4.5, "Be kind."), rated(BAD, 1.0)]},
        ],
        [[PAIR]],
        {"source", "models[]", "correct_answers[]", "completions[].model",
         "completions[].fine-grained_score", "completions[].custom_system_prompt",
         "completions[].annotations.helpfulness.Rating",
         "completions[].annotations.helpfulness.Rationale"},
    ),
    "trl-lib/ultrafeedback_binarized": Public(
        "trl-implicit",
        [{"chosen": whole(), "rejected": whole(BAD), "score_chosen": 7.0, "score_rejected": 6.0}],
        [[PAIR]],
    ),
    "orca_dpo_pairs": Public(
        "pairs",
        [
            {"system": "", "question": ASKED, "chosen": GOOD, "rejected": BAD},
            {"system": "Be brief.", "question": ASKED, "chosen": GOOD, "rejected": BAD},
        ],
        [[PAIR], [WITH_SYSTEM]],
    ),
    "truthy-dpo": Public(
        "trl-text",
        [{"id": "1", "source": "s", "system": "Be brief.", "prompt": ASKED, "chosen": GOOD,
          "rejected": BAD}],
        [[WITH_SYSTEM]],
        {"id", "source"},
    ),
    "distilabel-intel-orca-dpo-pairs": Public(
        "pairs",
        [
            {"system": "Be brief.", "input": ASKED, "chosen": GOOD, "rejected": BAD,
             "rating": [9.0, 5.0], "status": status, "chosen_score": 9.0,
             "original_chosen": FAIR, "original_rejected": GOOD}
            for status in ("unchanged", "swapped", "tie")
        ],
        [[WITH_SYSTEM], [WITH_SYSTEM], ["tie"]],
        {"rating[]", "chosen_score", "original_chosen", "original_rejected"},
    ),
    "dpo-mix-7k": Public(
        "trl-implicit",
        [{"dataset": "d", "chosen": whole(), "rejected": whole(BAD), "chosen_rating": 5.0,
          "rejected_rating": 3.0}],
        [[PAIR]],
        {"dataset"},
    ),
    "distilabel-capybara-dpo-7k-binarized": Public(
        "ultrafeedback",
        [{"source": "s", "conversation": [{"input": ASKED, "output": FAIR}], "prompt": MORE,
          "chosen": [user(), assistant(FAIR), user(MORE), assistant()],
          "rejected": [user(), assistant(FAIR), user(MORE), assistant(BAD)],
          "rating_chosen": 5, "rating_rejected": 2}],
        [[TWICE]],
        {"source", "conversation[].input", "conversation[].output"},
    ),
    "HelpSteer2 preference": Public(
        "two",
        [
            {"prompt": ASKED, "response_1": GOOD, "response_2": BAD, "preference_strength": -2,
             "preference_statement": "It answers."},
            {"prompt": ASKED, "response_1": BAD, "response_2": GOOD, "preference_strength": 1,
             "preference_statement": "It answers."},
            {"prompt": ASKED, "response_1": BAD, "response_2": GOOD, "preference_strength": 0,
             "preference_statement": "Both."},
        ],
        [[PAIR], [PAIR], ["tie"]],
        {"preference_statement"},
    ),
    "HelpSteer2 ratings": Public(
        "rows",
        [
            {"prompt": ASKED, "response": BAD, "helpfulness": 1, "correctness": 4, "coherence": 4,
             "complexity": 1, "verbosity": 1},
            {"prompt": MORE, "response": FAIR, "helpfulness": 2, "correctness": 4, "coherence": 4,
             "complexity": 1, "verbosity": 1},
            {"prompt": ASKED, "response": GOOD, "helpfulness": 4, "correctness": 3, "coherence": 4,
             "complexity": 1, "verbosity": 1},
        ],
        [[PAIR], ["unpaired"]],
        {"correctness", "coherence", "complexity", "verbosity"},
    ),
    "HelpSteer3": Public(
        "two",
        [
            {"domain": "general", "language": "english",
             "context": [user(), assistant(FAIR), user(MORE)], "response1": BAD,
             "response2": GOOD, "overall_preference": 2,
             "individual_preference": [{"score": 2, "reasoning": "It answers."}]},
        ],
        [[TWICE]],
        {"domain", "language", "individual_preference[].score",
         "individual_preference[].reasoning"},
    ),
    "Nectar": Public(
        "replies",
        [{"prompt": f"{SHOWN} ", "turns": 1, "num_responses": 3, "source": ["s"],
          "answers": [{"answer": text, "model": "m", "rank": rank}
                      for text, rank in ((BAD, 3.0), (GOOD, 1.0), (FAIR, 2.0))]}],
        [[PAIR]],
        {"turns", "num_responses", "source[]", "answers[].model"},
    ),
    "SHP": Public(
        "two",
        [
            {"post_id": "1", "domain": "d", "history": ASKED, "human_ref_A": GOOD,
             "human_ref_B": BAD, "labels": 1, "score_A": 9, "score_B": 3, "score_ratio": 3.0},
            {"post_id": "1", "domain": "d", "history": ASKED, "human_ref_A": BAD,
             "human_ref_B": GOOD, "labels": 0, "score_A": 3, "score_B": 9, "score_ratio": 3.0},
        ],
        [[PAIR], [PAIR]],
        {"post_id", "domain", "score_ratio"},
    ),
    "PKU-SafeRLHF": Public(
        "two",
        [{"prompt": ASKED, "response_0": BAD, "response_1": GOOD, "better_response_id": 1,
          "safer_response_id": 0, "is_response_0_safe": True, "is_response_1_safe": True,
          "response_0_severity_level": 0}],
        [[PAIR]],
        {"safer_response_id", "is_response_0_safe", "is_response_1_safe",
         "response_0_severity_level"},
        (("preference", "better"),),
    ),
    "webgpt_comparisons": Public(
        "two",
        [{"question": {"dataset": "d", "id": "1", "full_text": ASKED}, "answer_0": BAD,
          "answer_1": GOOD, "score_0": -0.5, "score_1": 0.5,
          "quotes_0": {"title": ["t"], "extract": ["e"]}, "tokens_0": "a"}],
        [[PAIR]],
        {"question.dataset", "question.id", "quotes_0.title[]", "quotes_0.extract[]", "tokens_0"},
    ),
    "summarize_from_feedback": Public(
        "replies",
        [
            {"info": {"id": "1", "post": "It wilts.", "title": ASKED, "subreddit": "plants"},
             "summaries": [{"text": BAD, "policy": "p"}, {"text": GOOD, "policy": "q"}],
             "choice": 1, "worker": "w", "batch": "b", "split": "train"},
            {"info": {"id": "1", "post": "It wilts.", "title": ASKED, "subreddit": "plants"},
             "summaries": [{"text": GOOD, "policy": "p"}, {"text": BAD, "policy": "q"}],
             "choice": 0, "worker": "w", "batch": "b", "split": "train"},
        ],
        [[((f"{ASKED}\n\nIt wilts.",), GOOD, BAD)]] * 2,
        {"info.id", "info.subreddit", "summaries[].policy", "worker", "batch", "split"},
    ),
    "chatbot_arena_conversations": Public(
        "two",
        [
            {"question_id": "1", "model_a": "m", "model_b": "n", "winner": winner,
             "conversation_a": whole(BAD), "conversation_b": whole(GOOD), "turn": 1,
             "language": "English", "judge": "j", "anony": True}
            for winner in ("model_b", "tie", "tie (bothbad)")
        ],
        [[PAIR], ["tie"], ["tie"]],
        {"question_id", "model_a", "model_b", "turn", "language", "judge", "anony"},
    ),
    "arena-human-preference-55k": Public(
        "two",
        [
            {"id": 1, "model_a": "m", "model_b": "n", "prompt": f'["{ASKED}","{MORE}"]',
             "response_a": f'["{FAIR}","{BAD}"]', "response_b": f'["{FAIR}","{GOOD}"]',
             "winner_model_a": a, "winner_model_b": b, "winner_tie": tie}
            for a, b, tie in ((0, 1, 0), (0, 0, 1))
        ],
        [[TWICE], ["tie"]],
        {"id", "model_a", "model_b"},
    ),
    "Skywork-Reward-Preference-80K": Public(
        "trl-implicit",
        [{"chosen": whole(), "rejected": whole(BAD), "source": "s"}],
        [[PAIR]],
        {"source"},
    ),
    "tulu-3 preference mixtures": Public(
        "ultrafeedback",
        [{"id": "1", "source": "s", "prompt": ASKED, "chosen": whole(), "rejected": whole(BAD)}],
        [[PAIR]],
        {"id", "source"},
    ),
    "reward-bench": Public(
        "trl-text",
        [{"prompt": ASKED, "chosen": GOOD, "chosen_model": "m", "rejected": BAD,
          "rejected_model": "n", "subset": "chat", "id": 1}],
        [[PAIR]],
        {"chosen_model", "rejected_model", "subset", "id"},
    ),
    "reward-bench-2": Public(
        "pairs",
        [{"id": "1", "prompt": ASKED, "chosen": [GOOD], "rejected": [BAD, FAIR, "No."],
          "num_correct": 1, "num_incorrect": 3, "total_completions": 4, "models": ["m"],
          "subset": "s"}],
        [[((ASKED,), GOOD, text) for text in (BAD, FAIR, "No.")]],
        {"id", "num_correct", "num_incorrect", "total_completions", "models[]", "subset"},
    ),
    "Mistral-PairRM-DPO": Public(
        "ultrafeedback",
        [{"prompt_id": "1", "prompt": ASKED, "chosen": whole(), "rejected": whole(BAD),
          "all_generated_responses": [GOOD, FAIR, BAD], "all_rm_scores": [3.0, 2.0, 1.0]}],
        [[PAIR]],
        {"prompt_id", "all_generated_responses[]", "all_rm_scores[]"},
    ),
    "stack-exchange-paired": Public(
        "pairs",
        [{"qid": 1, "question": ASKED, "date": "2020", "metadata": ["m"], "response_j": GOOD,
          "response_k": BAD}],
        [[PAIR]],
        {"qid", "date", "metadata[]"},
    ),
    "stack-exchange-preferences": Public(
        "replies",
        [{"qid": 1, "question": f"<p>{ASKED}</p>", "metadata": ["m"],
          "answers": [{"answer_id": n, "author": "a", "pm_score": n, "selected": n == 1,
                       "text": text} for n, text in enumerate((BAD, FAIR, GOOD))]}],
        [[((f"<p>{ASKED}</p>",), GOOD, BAD)]],
        {"qid", "metadata[]", "answers[].answer_id", "answers[].author", "answers[].selected"},
    ),
    "oasst2": Public(
        "tree",
        [
            node("m1", None, "prompter", ASKED), node("m2", "m1", "assistant", GOOD, 0),
            node("m3", "m1", "assistant", BAD, 2), node("m4", "m1", "assistant", FAIR, 1),
            node("m5", "m4", "prompter", MORE, 0), node("m6", "m5", "assistant", BAD, 1),
            node("m7", "m5", "assistant", GOOD, 0),
        ],
        [[PAIR, TWICE]],
        {"lang", "message_tree_id"},
    ),
    "kto-mix-14k": Public(
        "rows",
        [
            {"prompt": [user()], "completion": [assistant()], "label": True},
            {"prompt": [user(MORE)], "completion": [assistant(FAIR)], "label": True},
            {"prompt": [user()], "completion": [assistant(BAD)], "label": False},
        ],
        [[PAIR], ["unpaired"]],
    ),
    "kto_en_demo": Public(
        "rows",
        [{"messages": whole(), "label": True}, {"messages": whole(BAD), "label": False}],
        [[PAIR]],
    ),
    "Math-Step-DPO-10K": Public(
        "trl-text",
        [{"dataset": "d", "prompt": ASKED, "initial_reason_steps": "Step 1: look.\nStep 2: ",
          "chosen": GOOD, "rejected": BAD, "full_chosen": GOOD + " Done.",
          "full_rejected": BAD + " Done.", "answer": "4"}],
        [[((ASKED,), f"Step 1: look.\nStep 2: {GOOD}", f"Step 1: look.\nStep 2: {BAD}")]],
        {"dataset", "full_chosen", "full_rejected", "answer"},
    ),
    "OpenAI preference": Public(
        "openai",
        [{"input": {"messages": [assistant("Hello."), user()], "parallel_tool_calls": True,
                    "tools": [{"type": "function", "function": {"name": "soil"}}]},
          "preferred_output": [assistant()], "non_preferred_output": [assistant(BAD)]}],
        [[(("Hello.", ASKED), GOOD, BAD)]],
        {"input.parallel_tool_calls"},
    ),
}  # fmt: skip
"""Rows of each line of public data sets that this software reads."""
