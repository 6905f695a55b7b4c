"""What goes wrong between here and a hub, in sentences: its refusals, and the way to it.

The stock client raises httpx's errors up to version 1 and httpx2's from 2 on; both are told by
the class that its own errors come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pairsmith.errors import PairsmithError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

AGAIN = "The same command goes on."


class PublishError(PairsmithError):
    """A build that cannot be published: it is not whole, or the hub does not take it."""


@contextmanager
def in_words(endpoint: str, doing: str) -> Iterator[None]:
    """Turns what the stock client raises into sentences.

    Args:
        endpoint: The address of the hub.
        doing: What is being done, as in "ann/pairs cannot be written".

    Raises:
        PublishError: Whatever kept the client from doing it.
    """
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
    )

    on_the_way: type[BaseException] = HfHubHTTPError.__bases__[0]
    try:
        yield
    except HfHubHTTPError as error:
        raise _refused(endpoint, doing, error) from error
    except LocalTokenNotFoundError as error:
        raise PublishError(f"There is no token for {endpoint}.", _where_tokens_go()) from error
    except OfflineModeIsEnabled as error:
        raise PublishError(
            "The environment says HF_HUB_OFFLINE, and publishing needs a network.", "Unset it."
        ) from error
    except on_the_way as error:
        raise _unreachable(endpoint, error) from error
    except (ValueError, KeyError, TypeError, RuntimeError, OSError) as error:
        # what is not JSON, a token that is no header, a large file's upload that was broken off
        hint = f"Is {endpoint} a hub, and running? {AGAIN}"
        if "/xet-" in str(error) and endpoint.startswith("https:"):
            hint = (  # the API was reached before, so it is there and running
                "Large files go by hf_xet, which does not read SSL_CERT_FILE: where the certificate"
                " is of a private authority, set HF_HUB_DISABLE_XET=1 and publish again."
            )
        raise PublishError(f"{doing}: {_line(error)}.", hint) from error


def _refused(endpoint: str, doing: str, error: HfHubHTTPError) -> PublishError:
    """The sentence for an answer that is an error."""
    status = error.response.status_code
    said = _line(error.server_message or error)
    if status == 401:
        return PublishError(f"{endpoint} does not know this token: {said}.", _where_tokens_go())
    hints = {
        402: "The hub wants to be paid for this.",
        403: "Is the first part of the name yours, and was the token made for writing?",
        404: f"Is {endpoint} a hub?",
        409: "Look at what is there, then publish again.",
        412: "Somebody else changed it just now. Look at it, then publish again.",
        413: "Smaller shards make smaller files: pairsmith build --shard-rows.",
        429: "Wait a while, then publish again.",
    }
    hint = hints.get(status, AGAIN if status >= 500 else "")
    return PublishError(f"{doing}: {endpoint} answers {status}, {said}.", hint)


def _unreachable(endpoint: str, error: BaseException) -> PublishError:
    """The sentence for an answer that never came."""
    said = _line(error)
    if "SSL" in said or "TLS" in said or "CERTIFICATE" in said.upper():
        return PublishError(
            f"{endpoint} and this machine do not agree on TLS: {said}.",
            "A server without a certificate is named with http://; one of a private authority's "
            "is trusted through SSL_CERT_FILE.",
        )
    return PublishError(
        f"{endpoint} cannot be reached: {said}.",
        "Is the server running there (pairsmith serve), and is --to its address?",
    )


def _where_tokens_go() -> str:
    return "Make one for writing on that hub; then set HF_TOKEN to it, or run hf auth login."


def _line(said: object) -> str:
    """The first line of a message, or the name of an error that has none."""
    text = str(said).strip().partition("\n")[0].rstrip(".: ")
    return text or type(said).__name__
