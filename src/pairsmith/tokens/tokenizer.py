"""The tokenizer: loaded from a folder or the hub without running its code, and its tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairsmith.errors import TokenizerError
from pairsmith.extras import hint
from pairsmith.schema.rows import Form

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FILES = "Name a folder with tokenizer.json and tokenizer_config.json."
HUB_SECONDS = 10
"""How long the hub may take to answer."""

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


def load_tokenizer(name: str, form: Form) -> PreTrainedTokenizerBase:
    """Loads a tokenizer that can do what rows of this form want of it.

    Code that comes with it is not run, and for a folder no network is asked. As in TRL, a
    tokenizer without a padding token pads with EOS.

    Args:
        name: A folder, or an id on the hub.
        form: The form of the build's rows.

    Raises:
        TokenizerError: It cannot be loaded, is not a fast tokenizer, or lacks the EOS token
            that text wants or the chat template that messages want.
    """
    tokenizer = _from_pretrained(name)
    if not getattr(tokenizer, "is_fast", False):
        raise TokenizerError(
            f"The tokenizer of {name} is not a fast one ({type(tokenizer).__name__}).",
            "A tokenizer.json is wanted.",
        )
    if not tokenizer("text", add_special_tokens=False)["input_ids"]:  # of a folder without one
        raise TokenizerError(
            f"The tokenizer of {name} cannot be loaded: it makes no tokens of text.", FILES
        )
    if tokenizer.pad_token is None and tokenizer.eos_token is not None:
        tokenizer.pad_token = tokenizer.eos_token
    if form == Form.MESSAGES:
        _check_template(tokenizer, name)
    elif tokenizer.eos_token is None:
        raise TokenizerError(
            f"The tokenizer of {name} has no EOS token, which TRL puts behind replies of text.",
            "Name one as eos_token in its tokenizer_config.json.",
        )
    return tokenizer


def _from_pretrained(name: str) -> Any:
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise TokenizerError(f"Tokens need a library: {error}.", hint("tokens")) from None
    folder = bool(name) and Path(name).is_dir()
    if not folder and (Path(name).exists() or not _HUB_ID.fullmatch(name)):
        what = f"{name} is not a folder" if Path(name).exists() else f"There is no folder {name}"
        raise TokenizerError(
            f"{what if name else 'No tokenizer is named'}.",
            "Name a tokenizer's folder, or its id on the hub.",
        )
    offline = folder or not _on_hub(name)
    try:
        return AutoTokenizer.from_pretrained(
            name, trust_remote_code=False, local_files_only=offline
        )
    except Exception as error:  # tokenizers raises nothing narrower over a file it cannot read
        if offline and not folder:
            why = "there is no such folder, no copy in the cache, and the hub cannot be reached"
        else:
            why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .:")
        raise TokenizerError(
            f"The tokenizer of {name} cannot be loaded: {why}.",
            FILES,
        ) from error


def _on_hub(name: str) -> bool:
    """Asks the hub once, because what loads tokenizers asks for a minute; False offline.

    Raises:
        TokenizerError: The hub answers that there is no such model, or not for this user.
    """
    from huggingface_hub import errors, model_info

    # by way of that module, because its HTTP library differs with its version
    no_connection = (errors.HTTPError, OSError)  # type: ignore[attr-defined]
    try:
        model_info(name, timeout=HUB_SECONDS)
    except (errors.HfHubHTTPError, errors.HFValidationError) as error:
        raise _not_on_hub(name) from error
    except no_connection:
        return False
    return True


def _not_on_hub(name: str) -> TokenizerError:
    return TokenizerError(
        f"There is no folder {name}, and the hub gives nobody or not you a model of that name.",
        "Check the spelling; for a gated model, accept its terms and run hf auth login.",
    )


def _check_template(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Makes sure that there is a chat template.

    Raises:
        TokenizerError: There is none.
    """
    try:
        tokenizer.get_chat_template()
    except ValueError:
        raise TokenizerError(
            f"The tokenizer of {name} has no chat template, and the rows are messages.",
            "Use a chat model's tokenizer, or build text with --template.",
        ) from None


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """The ids that are not made of text: special tokens and others that were added, by id.

    Blank ones are left out (some vocabularies add runs of spaces), and the one that stands for
    what is unknown.
    """
    added = {id: str(token) for id, token in tokenizer.added_tokens_decoder.items()}
    unknown = tokenizer.unk_token_id
    return {id: text for id, text in added.items() if text.strip() and id != unknown}


def added_around(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """How many special tokens the tokenizer puts in front of a text and behind it."""
    bare: Sequence[int] = tokenizer("a", add_special_tokens=False)["input_ids"]
    full: Sequence[int] = tokenizer("a")["input_ids"]
    extra = len(full) - len(bare)
    front = next((n for n in range(extra + 1) if full[n : n + len(bare)] == bare), 0)
    return front, extra - front
