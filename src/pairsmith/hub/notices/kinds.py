"""The kinds of notices, by which people choose what comes by e-mail."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a notice is about."""

    REQUEST = "request"
    ANSWER = "answer"
    INVITATION = "invitation"
    MENTION = "mention"
    COMMENT = "comment"
    SALE = "sale"
    PAYMENT = "payment"
    DECISION = "decision"


LABELS = {
    Kind.REQUEST: "requests for access that wait for you",
    Kind.ANSWER: "answers to your requests, and your licences",
    Kind.INVITATION: "invitations to you",
    Kind.MENTION: "discussions that mention you",
    Kind.COMMENT: "other discussions that you take part in, or that are about what you administer",
    Kind.SALE: "licences of yours that were sold",
    Kind.PAYMENT: "payments that were turned away, or went back",
    Kind.DECISION: "decisions that wait for you in collections",
}
"""What people read of each kind."""

BY_MAIL = frozenset({*Kind} - {Kind.COMMENT, Kind.SALE})
"""What comes by e-mail to who has chosen nothing: what somebody is to do, or waits for."""


def named(text: str) -> Kind | None:
    """A kind by its name, or None."""
    return next((kind for kind in Kind if kind == text), None)
