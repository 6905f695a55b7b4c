"""What the hub answers where it cannot do what was asked, in the shape that the clients read.

The clients go by the header `X-Error-Code` (huggingface_hub, `utils/_http.py`), people by the
message, which also stands in the JSON body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_QUOTED = 200  # characters of what was asked for that an error tells
QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")  # as repr writes it


class HubError(Exception):
    """A request that is answered with an error.

    Attributes:
        status: The HTTP status.
        message: One clear sentence. What it quotes of the request stands in quotes (`!r`), and only
            clients are told it: see `page_message`.
        code: What the clients go by, such as `RepoNotFound`; '' for none.
        headers: More headers of the answer.
        body: What stands in the JSON body beside the message.
        page: A page of this hub where one may go on; '' for none.
    """

    def __init__(
        self, status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})
        self.body: dict[str, object] = {}
        self.page = ""

    @property
    def page_message(self) -> str:
        """The message without what it quotes.

        Anybody can make an address, and have others open it: what stands in it must not speak to
        them from a page of this hub.
        """
        return QUOTED.sub("…", self.message)


def repo_not_found(known: bool) -> HubError:
    """No such repository, or none that this caller may know of: the same words for both.

    Args:
        known: Whether the caller said who they are.
    """
    message = "There is no such repository here, or it is private and you have no access to it."
    return HubError(404 if known else 401, message, "RepoNotFound")


class MovedError(HubError):
    """A repository that is asked for by an address that it had before.

    Attributes:
        owner: Whose it is now.
        name: Its name now.
    """

    def __init__(self, owner: str, name: str) -> None:
        super().__init__(307, f"It is {owner}/{name} now.")
        self.owner = owner
        self.name = name


def revision_not_found(revision: str) -> HubError:
    """No branch, tag or commit of that name."""
    return HubError(404, f"There is no revision {revision[:MAX_QUOTED]!r}.", "RevisionNotFound")


def entry_not_found(path: str) -> HubError:
    """No file or folder of that path at that revision."""
    return HubError(404, f"There is no {path[:MAX_QUOTED]!r} at this revision.", "EntryNotFound")


def gated(kind: str, message: str, page: str, known: bool) -> HubError:
    """A file of a gated repository, and a caller without access.

    Args:
        kind: What the repository is: `dataset` or `model`.
        message: Why, in one sentence.
        page: The absolute address where access is asked for.
        known: Whether the caller said who they are.
    """
    sentence = f"{message} See {page}"
    # `datasets` drops the message and names the public hub; this header does reach the user
    headers = {"X-HF-Warning": f"Gated {kind}; {sentence}"}
    error = HubError(403 if known else 401, sentence, "GatedRepo", headers)
    error.page = page
    return error


def bad_request(message: str) -> HubError:
    """A request that is not of the protocol's shape."""
    return HubError(400, message, "BadRequest")


def too_large(what: str, limit: int) -> HubError:
    """More bytes than are taken."""
    return HubError(413, f"{what} is larger than the {limit:,} bytes that are taken.", "TooLarge")


def not_allowed(message: str) -> HubError:
    """A caller who may know of it and may not do it."""
    return HubError(403, message, "Forbidden")
