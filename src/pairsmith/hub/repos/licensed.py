"""Who reads a repository by a licence: whoever has a seat in one that holds."""

from __future__ import annotations

HOLDS = "(revoked IS NULL AND (ends IS NULL OR ends > unixepoch()))"
"""A condition in SQL: whether a licence is neither revoked nor over."""

LICENSED = (
    "EXISTS (SELECT 1 FROM seats JOIN licences ON licences.number = seats.licence"
    f" WHERE seats.user = {{user}} AND licences.repo = {{repo}} AND {HOLDS})"
)
"""A condition in SQL, to be filled in: whether a user reads a repository by a licence."""
