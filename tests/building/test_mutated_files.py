"""Files of every format and many shapes with something wrong in them: built, or refused in words.

Whatever stands in a file, a build ends, and either says why it could not be or accounts for every
row and every field.
"""

from collections import Counter

import pytest

import pairsmith
from pairsmith.errors import PairsmithError
from pairsmith.sources.fields import paths_of
from support.mutated import limit, make
from support.slow import quick, slow

LONGEST = 20
"""Seconds."""


def run(mutant, folder):
    """Builds a file; what is wrong with what came of it, or "" where nothing is."""
    folder.mkdir()
    path = folder / mutant.name
    path.write_bytes(mutant.data)
    try:
        with limit(LONGEST):
            built = pairsmith.build(path, folder / "out", workers=1, **mutant.asked)
    except PairsmithError as fault:
        return "" if fault.message and len(str(fault)) < 3_000 else "a fault without a word"
    (entry,) = built.ledger
    if not entry.balances:
        return "the ledger does not balance"
    if found := _fields_at_odds(entry, mutant.rows):
        return found
    found = pairsmith.check(folder / "out")
    return f"check: {found[0]}" if found else ""


def _fields_at_odds(entry, rows):
    """What does not balance in the ledger of fields."""
    sums = {path: sum(held.values()) for path, held in entry.fields.items()}
    for path, count in sums.items():
        if not 0 < count <= entry.source_rows:
            return f"{path}: {count} of {entry.source_rows} rows"
    if rows is None:
        return ""
    if entry.source_rows != len(rows):
        return f"{entry.source_rows} of {len(rows)} rows"
    there = Counter(
        path.encode(errors="backslashreplace").decode()
        for row in rows
        if isinstance(row, dict)
        for path in paths_of(row)
    )
    at_odds = {path for path in there.keys() | sums if there[path] != sums.get(path, 0)}
    return f"accounted otherwise than there: {sorted(at_odds)[:5]}" if at_odds else ""


def run_all(numbers, folder):
    """What went wrong with which file."""
    found = {}
    for number in numbers:
        mutant = make(number)
        if said := run(mutant, folder / f"{number}"):
            found[number] = (mutant.name, mutant.about, said)
    return found


@pytest.mark.parametrize("first", quick(range(0, 100, 20), 0, 40))
def test_a_hundred_mutated_files(first, tmp_path):
    assert not run_all(range(first, first + 20), tmp_path)


@slow
@pytest.mark.parametrize("first", range(0, 5_000, 250))
def test_five_thousand_mutated_files(first, tmp_path):
    assert not run_all(range(first, first + 250), tmp_path)
