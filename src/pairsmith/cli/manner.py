"""How much a command line says: less, or more, than usual."""

from __future__ import annotations

from typing import NamedTuple


class _Manner(NamedTuple):
    """How much a command says: less, or more, than usual."""

    quiet: bool = False
    verbose: bool = False


_manner = [_Manner()]  # of this process; a command line is one command


def begin() -> None:
    """Forgets what an earlier command line of this process asked for."""
    _manner[0] = _Manner()


def speak(quiet: bool, verbose: bool) -> None:
    """Has it say less, or more; what was asked for before stays."""
    _manner[0] = _Manner(quiet or _manner[0].quiet, verbose or _manner[0].verbose)


def is_quiet() -> bool:
    """Whether nothing is to be said but what was asked for, and faults."""
    return _manner[0].quiet


def is_verbose() -> bool:
    """Whether more is to be said than usual."""
    return _manner[0].verbose
