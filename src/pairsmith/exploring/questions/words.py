"""Words: which words of those who attacked go with success, and which with failure.

What is looked at is what the author wrote: the description of the task, and the turns of the user.
The model's replies are left out: what it says is the outcome, and no way to it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.content.words import LONGEST, Counts, count_words
from pairsmith.exploring.answer import (
    FEW_MEMBERS,
    FEW_ROWS,
    Answer,
    Study,
    UnansweredError,
)
from pairsmith.exploring.attempts import Attempts, read_transcripts
from pairsmith.exploring.telling import list_words
from pairsmith.statistics.adjusted import Adjustment, merge_rare
from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.log_odds import weigh_words
from pairsmith.statistics.telling import SURE, Telling, choose_telling, tell
from pairsmith.text.spans import Index
from pairsmith.text.turns import list_array, select

TITLE = "Words"

SAMPLE = 100_000
"""The most attacks that are read; of more, a sample: words do not need all of them."""
WORDS = 4_000
"""The most words and phrases that are looked at: those of most attacks."""
LENGTHS, SKILLS = 3, 5
"""The number of parts into which attacks are cut by length, and by how often authors win."""
NAMED = ("succeeded", "failed")


def ask(study: Study) -> Answer:
    """Weighs the words and phrases of those who attacked.

    Raises:
        UnansweredError: There are no ratings, too few of them or all alike, or no word is in
            enough attacks.
    """
    attempts = study.dialogues
    rows = choose_rows(attempts, study.options.seed)
    return answer(attempts, rows, read_authors(study, rows), study.options.no_text)


def choose_rows(attempts: Attempts, seed: int) -> Index:
    """The attacks that are looked at, in order: the rated ones, or a sample of them.

    Raises:
        UnansweredError: There are too few, of too few members, or all end alike.
    """
    rated = np.flatnonzero(attempts.rated)
    if not len(rated):
        raise UnansweredError("No attack has a rating, so that there is no success to tell.")
    success = attempts.success[rated]
    members = len(np.unique(attempts.groups[rated]))
    if len(rated) < 2 * FEW_ROWS or members < FEW_MEMBERS:
        raise UnansweredError(
            f"Rated attacks are too few for words: {len(rated):,}, of {members:,} "
            f"{'member' if members == 1 else 'members'}."
        )
    if success.min() == success.max():
        raise UnansweredError(
            f"All rated attacks {NAMED[0] if success[0] else NAMED[1]}: nothing tells them apart."
        )
    if len(rated) > SAMPLE:
        chance = np.random.default_rng(seed)
        rated = np.sort(chance.choice(rated, SAMPLE, replace=False))
    return rated


def read_authors(study: Study, rows: Index) -> pa.StringArray:
    """What the authors of attacks wrote: the task, and each turn of the user, a line each.

    Args:
        study: The build.
        rows: m places of attacks, ascending.
    """
    parts = [pa.array([], pa.string())]
    for batch in read_transcripts(study.out, study.built):
        turns = batch.turns
        last = batch.first + len(turns.counts)
        some = rows[(rows >= batch.first) & (rows < last)]
        mine = select(turns, turns.user)
        lines = list_array(mine.offsets, mine.stripped.texts())
        said = pc.binary_join(lines, "\n").take(pa.array(some - batch.first))
        # by batches: what is held of a text is bounded
        parts.append(pc.utf8_slice_codeunits(said, 0, LONGEST))
    tasks = pc.fill_null(study.dialogues.task.take(pa.array(rows)), "")
    return pc.binary_join_element_wise(tasks, pa.concat_arrays(parts), "\n")


def answer(attempts: Attempts, rows: Index, texts: pa.StringArray, no_text: bool) -> Answer:
    """The answer, given what was written.

    Args:
        attempts: The attacks.
        rows: The m places of those that are looked at; all are rated.
        texts: What the authors of these wrote, m texts.
        no_text: Whether words are numbered in place of being named.

    Raises:
        UnansweredError: No word is in enough attacks.
    """
    counts = count_words(
        texts,
        least=FEW_ROWS,
        most=WORDS,
        groups=attempts.groups[rows],
        least_groups=FEW_MEMBERS,
    )
    found = weigh(attempts, rows, counts)
    if not len(found.names):
        raise UnansweredError(
            f"No word is in {FEW_ROWS} attacks of {FEW_MEMBERS} members, and missing in as many."
        )
    return Answer(
        "words",
        TITLE,
        _say(attempts, rows, found, no_text),
        _headline(attempts, rows, found),
        {
            "attacks": len(rows),
            "sampled": len(rows) < int(attempts.rated.sum()),
            **found.to_dict(NAMED),
        },
        list_words(
            found,
            ("Words of attacks that succeeded", "Words of attacks that failed"),
            words=_explain(found),
            unit="points of success",
            no_text=no_text,
        ),
    )


def weigh(attempts: Attempts, rows: Index, counts: Counts) -> Telling:
    """Ranks words by their log-odds ratios, and weighs those that tell most, each by itself."""
    held = counts.held
    success, groups = attempts.success[rows], attempts.groups[rows]
    models = merge_rare(code_models(attempts)[rows])
    strata = cut_models(models, attempts.characters[rows])
    # where each attack has a member of its own, or none, there is nothing to compare within them
    within = len(np.unique(groups)) < len(groups)
    adjustment = Adjustment(success, strata, groups, within=within)
    skill = adjustment.fitted.effects[adjustment.codes]
    odds = weigh_words(held, success > 0, models * SKILLS + cut(skill, SKILLS))
    usable = np.isfinite(odds.z) & (held.sum(axis=0) <= len(rows) - FEW_ROWS)
    some = choose_telling(odds, usable)
    return tell(counts.names, some, adjustment.effects(held[:, some]), odds, int(usable.sum()))


def code_models(attempts: Attempts) -> Index:
    """The model of each attack, type and size, as a number from 0."""
    codes = (attempts.model_type.codes + 1) * (len(attempts.size.names) + 1) + attempts.size.codes
    found: Index = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return found


def cut_models(models: Index, lengths: Index) -> Index:
    """Models, and within them attacks by length, in as many parts as there are attacks for.

    Raises:
        UnansweredError: There are hardly more attacks than models.
    """
    count = int(models.max()) + 1
    if len(models) < 2 * count:
        raise UnansweredError(
            f"{len(models):,} rated attacks on {count:,} models are too few for words."
        )
    parts = min(LENGTHS, max(1, len(models) // (2 * FEW_ROWS * count)))
    return models * parts + cut(lengths.astype(np.float64), parts)


def cut(values: Floats, parts: int) -> Index:
    """Cuts n numbers into parts of about equal size, from 0; equal numbers are in one part."""
    edges = np.quantile(values, np.arange(1, parts) / parts)
    found: Index = np.searchsorted(edges, values, side="left").astype(np.int64)
    return found


def _explain(found: Telling) -> str:
    return (
        f"Words and phrases of two words that the authors wrote, in at least {FEW_ROWS} attacks of "
        f"{FEW_MEMBERS} members. They are ordered by z, of the log-odds ratio with an "
        "informative prior, within attacks on one model by members who win about as often. Points "
        "are what an attack with the word has more, model, member and length taken out. "
        f"{found.remark}"
    )


def _say(attempts: Attempts, rows: Index, found: Telling, no_text: bool) -> str:
    won, lost = found.counts
    rated = int(attempts.rated.sum())
    drawn = f", a sample of {rated:,}" if len(rows) < rated else ""
    said = (
        f"Of {found.looked_at:,} words and phrases in {len(rows):,} rated attacks{drawn}, "
        f"{won:,} go with success and {lost:,} with failure once model, member and length "
        f"are taken out (q at most {SURE}, among words)."
    )
    if len(np.unique(attempts.groups[rows])) == len(rows):
        said += " No member is known to have made two of them, so that none could be taken out."
    return f"{said} The words themselves are left out of this report." if no_text else said


def _headline(attempts: Attempts, rows: Index, found: Telling) -> str:
    """How many are sure, and how large the surest is, without the word."""
    surest = found.tell_surest()
    if surest is None:
        return ""
    points, held, members = surest
    won, lost = found.counts
    authors = len(np.unique(attempts.groups[rows]))
    return (
        f"Of {found.looked_at:,} words and phrases of {authors:,} authors, {won:,} go with success "
        f"and {lost:,} with failure; the surest with {points}, in {held:,} attacks of {members:,} "
        "members."
    )
