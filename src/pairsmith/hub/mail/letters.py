"""Letters: what is written to whom, as a message of plain text that nobody's words can add to."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

MAX_SUBJECT_CHARS = 200
MAX_LINE_CHARS = 2_000
MAX_LETTER_CHARS = 20_000


class Letter(NamedTuple):
    """A letter.

    Attributes:
        address: The address of one mailbox.
        subject: The subject.
        lines: The text, line by line.
        unsubscribe: The address of the page that ends such letters; '' where there is none.
    """

    address: str
    subject: str
    lines: Sequence[str]
    unsubscribe: str = ""


class AddressError(ValueError):
    """An address that no letter can be sent to."""


def message_of(letter: Letter, sender: str, name: str) -> EmailMessage:
    """A letter as a message.

    Args:
        letter: The letter. Line ends and what does not print are taken out of its subject and
            lines, for they hold words of others.
        sender: The address that it comes from.
        name: The message's name, `local@host`: the same whenever the letter is tried.

    Raises:
        AddressError: Nothing can be sent to its address.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _address(letter.address)
    message["Subject"] = _line(letter.subject)[:MAX_SUBJECT_CHARS]
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{name}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    text = "\n".join(_line(line)[:MAX_LINE_CHARS] for line in letter.lines)
    message.set_content(text[:MAX_LETTER_CHARS] + "\n", cte="quoted-printable")
    return message


def _address(text: str) -> Address:
    if not text.isprintable() or " " in text or len(text) > 254 or text.count("@") != 1:
        raise AddressError("that is no address")
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise AddressError("that is no address") from error


def _line(text: str) -> str:
    """One line: what ends lines, and what turns the direction of others, is taken out."""
    return "".join(" " if unicodedata.category(c) in UNSHOWN else c for c in text).strip()


UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
