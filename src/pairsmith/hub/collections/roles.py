"""Roles: what an account may do in a collection."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """What an account may do in a collection. Whoever may do more may do all that is less."""

    NONE = 0  # does not know that it is there
    WORKER = 1  # takes part: talks to models, judges, reviews; sees their own work
    REVIEWER = 2  # decides where people disagree
    OWNER = 3  # sets it up, invites, sees all of it, takes it out

    @property
    def word(self) -> str:
        """As it is kept and shown."""
        return self.name.lower()


GIVEN = (Role.WORKER, Role.REVIEWER, Role.OWNER)
"""The roles that somebody can be given."""


def named(text: str) -> Role | None:
    """A role that can be given, by its word; or None."""
    return next((role for role in GIVEN if role.word == text), None)
