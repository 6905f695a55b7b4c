"""Whether a policy, a preference model and a build belong together, told before weights are read.

A preference model tells nothing of the replies of a policy that writes other tokens, or whose
conversations stand in another template: its scores would be numbers all the same.
"""

from __future__ import annotations

from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import ModelError
from pairsmith.schema.rows import Form
from pairsmith.training.fit import Named, check_build, check_judge, gives_scores

SAME = "Name a preference model that was trained from this policy, or from one with its tokenizer."


def check_models(policy: Named, judges: dict[str, Named], built: Manifest) -> None:
    """Checks that preference models can judge what a policy writes of a build's prompts.

    Args:
        policy: The policy.
        judges: Preference models by role: `reward`, and `watch` perhaps.
        built: The manifest of the build.

    Raises:
        ModelError: One gives no scores, the policy gives scores, or something differs: the form of
            the rows, their template, the vocabulary, or the tokens that begin and end a text.
    """
    if gives_scores(policy):
        raise ModelError(
            f"{policy.name} gives scores, and writes no replies.",
            "Name a causal model by --model; preference models by --reward and --watch.",
        )
    check_build(policy, built)
    for role, judge in judges.items():
        check_judge(judge, role, built)
        _check_tokens(policy, judge)
        if built.recipe.form == Form.MESSAGES:
            mine, theirs = (str(one.tokenizer.get_chat_template()) for one in (policy, judge))
            if mine != theirs:
                raise ModelError(
                    f"The chat templates of {policy.name} and of {judge.name} differ, from "
                    f"character {_first_difference(mine, theirs) + 1} on.",
                    SAME,
                )


def _check_tokens(policy: Named, judge: Named) -> None:
    """Checks that two tokenizers give every token the same id, the padding token aside."""
    mine, theirs = (one.tokenizer.get_vocab() for one in (policy, judge))
    for one, held in ((policy, mine), (judge, theirs)):
        pad = one.tokenizer.pad_token
        if isinstance(pad, str) and pad not in (mine.keys() & theirs.keys()):
            held.pop(pad, None)  # added in training, where padding with EOS would hide the EOS
    if mine != theirs:
        differ = sorted(
            token for token in mine.keys() | theirs.keys() if mine.get(token) != theirs.get(token)
        )
        first = min(differ, key=lambda token: (mine.get(token, theirs.get(token, 0)), token))
        raise ModelError(
            f"The vocabularies of {policy.name} and of {judge.name} differ in {len(differ):,} of "
            f"{len(mine):,} and {len(theirs):,} tokens: {first!r} is "
            f"{_id(mine.get(first))} there and {_id(theirs.get(first))} here.",
            SAME,
        )
    for what in ("bos_token", "eos_token"):
        one, other = (getattr(named.tokenizer, what) for named in (policy, judge))
        if one != other:
            raise ModelError(
                f"The tokenizers of {policy.name} and of {judge.name} differ: {what} is {one!r} "
                f"there and {other!r} here.",
                SAME,
            )


def _id(id: int | None) -> str:
    return "absent" if id is None else f"token {id:,}"


def _first_difference(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
