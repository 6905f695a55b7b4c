"""Whether a policy, a preference model and a build belong together, told before weights are read.

A preference model tells nothing of the replies of a policy that writes other tokens, or whose
conversations stand in another template: its scores would be numbers all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import ModelError
from pairsmith.models.folders import find_model
from pairsmith.models.loading import CLASSIFIER
from pairsmith.models.run_folder import RunManifest, has_run, read_run
from pairsmith.models.settings import read_settings
from pairsmith.schema.rows import Form
from pairsmith.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SAME = "Name a preference model that was trained from this policy, or from one with its tokenizer."


class Named(NamedTuple):
    """A model whose weights have not been read.

    Attributes:
        name: As it was named.
        folder: Its folder.
        tokenizer: Its tokenizer.
        config: Its settings, as transformers read them.
        run: The run that made it; None where it is none of ours.
    """

    name: str
    folder: Path
    tokenizer: PreTrainedTokenizerBase
    config: object
    run: RunManifest | None

    @property
    def room(self) -> int | None:
        """The most tokens that it can read; None where nothing tells."""
        text = self.config.get_text_config()  # type: ignore[attr-defined]
        most = getattr(text, "max_position_embeddings", None)
        return most if isinstance(most, int) and most > 0 else None


def name_model(name: str, form: Form) -> Named:
    """Finds a model, and reads its settings and its tokenizer.

    Args:
        name: A folder, or an id on the hub.
        form: Of the rows that it is to read.

    Raises:
        ModelError: There is none, or its settings cannot be read.
        TokenizerError: Its tokenizer cannot do what the rows want.
    """
    folder = find_model(name)
    run = read_run(folder) if has_run(folder) else None
    return Named(name, folder, load_tokenizer(str(folder), form), read_settings(folder, name), run)


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
    if _scores(policy):
        raise ModelError(
            f"{policy.name} gives scores, and writes no replies.",
            "Name a causal model by --model; preference models by --reward and --watch.",
        )
    _check_build(policy, built)
    for role, judge in judges.items():
        if not _scores(judge):
            raise ModelError(
                f"{judge.name}, named by --{role}, gives no scores.",
                "Name a preference model; pairsmith train reward makes one.",
            )
        _check_build(judge, built)
        _check_tokens(policy, judge)
        if built.recipe.form == Form.MESSAGES:
            mine, theirs = (str(one.tokenizer.get_chat_template()) for one in (policy, judge))
            if mine != theirs:
                raise ModelError(
                    f"The chat templates of {policy.name} and of {judge.name} differ, from "
                    f"character {_first_difference(mine, theirs) + 1} on.",
                    SAME,
                )


def _scores(model: Named) -> bool:
    kinds = getattr(model.config, "architectures", None) or []
    return any(kind.endswith(CLASSIFIER) for kind in kinds)


def _check_build(model: Named, built: Manifest) -> None:
    """Checks that a run's model was trained on rows like those of the build."""
    run, recipe = model.run, built.recipe
    if run is None:
        return
    if run.form != recipe.form:
        raise ModelError(
            f"{model.name} was trained on {run.form.value}, and the build holds "
            f"{recipe.form.value}.",
            "Build the same rows in the form that it was trained on.",
        )
    if run.template and recipe.template and run.template.source != recipe.template.source:
        raise ModelError(
            f"{model.name} was trained on text by the template {run.template.name}, and the "
            f"build's is {recipe.template.name}, which is another.",
            "Build the same rows by the template that it was trained on.",
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
