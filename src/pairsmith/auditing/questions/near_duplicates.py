"""Near duplicates: pairs that are nearly another pair, and train prompts nearly one of test.

Similarity is the Jaccard similarity of sets of shingles (see
`pairsmith.auditing.similarity.shingles`): of a pair that of all it says, prompt and both replies
together, so that replies which change places change nothing; of long prompts alone it is not
enough, the replies have to share a shingle at least. Candidates come from MinHash sketches and
every one is compared exactly: nothing is found that is not there, and what is missed is a matter
of chance, told in the numbers.

Rows that are equal, or equal with their replies exchanged, and prompts that stand in train and
test word for word, are other questions'; here the first of them stands for all. A test row is kept
before a train row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.auditing.answer import FINDINGS, Answer, Study, UnansweredError
from pairsmith.auditing.report.plots import draw_bars
from pairsmith.auditing.report.svg import Plot
from pairsmith.auditing.similarity.candidates import (
    EFFORT,
    EFFORT_PER_ROW,
    Clusters,
    Crossing,
    Pairs,
    Scores,
    Search,
    joined,
    pick_best,
    span,
)
from pairsmith.auditing.similarity.shingles import CHOSEN, PROMPT, REJECTED, REPLIES, SIZE, WHOLE
from pairsmith.auditing.similarity.sketches import BANDS, ROWS, Sets, Sketches, miss, sketch_rows
from pairsmith.text.spans import Index, Mask

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Near duplicates"

THRESHOLD = 0.8
"""The Jaccard similarity from which on two are nearly the same."""

DUPLICATE, FLIPPED, LEAK = "near_duplicate", "near_flipped", "near_leak"

KINDS = (DUPLICATE, FLIPPED, LEAK)
"""Kinds of findings: alike as they are, or with the replies exchanged, or by prompt across train
and test."""

SENTENCES = {
    DUPLICATE: "Nearly the same pair: Jaccard {score:.2f}.",
    FLIPPED: "Nearly the same pair with the replies exchanged: Jaccard {score:.2f}.",
    LEAK: "The train row has nearly the prompt of a test row: Jaccard {score:.2f}.",
}

CHOICE = """
    SELECT split = 'train' AS train,
        row_number() OVER (
            PARTITION BY prompt, least(chosen, rejected), greatest(chosen, rejected)
            ORDER BY split = 'train', row) = 1 AS pair,
        row = min(row) OVER (PARTITION BY prompt, split = 'train') AS prompt,
        split = 'train' AND bool_or(split <> 'train') OVER (PARTITION BY prompt) AS known
    FROM rows WHERE kept ORDER BY row
"""

PAIRS = """
    SELECT own.id, other.id AS other, own.subset, score, kind
    FROM asked JOIN rows own ON own.row = asked.own JOIN rows other ON other.row = asked.other
    ORDER BY own.row, kind
"""

PROMPTS = """
    SELECT own.id, other.id AS other, own.subset, score, kind
    FROM asked JOIN rows first ON first.row = asked.own JOIN rows other ON other.row = asked.other
    JOIN rows own ON own.prompt = first.prompt AND own.kept AND own.split = 'train'
    ORDER BY own.row
"""
"""The same, with all train rows of the prompts that were found."""


class Choice(NamedTuple):
    """What is looked at, by kept row.

    Attributes:
        train: Whether it is a row of train.
        pair: Whether it stands for its pair, either way round.
        prompt: Whether it stands for its prompt, in train or in test.
        known: Whether it is a row of train whose prompt stands in test word for word.
    """

    train: Mask
    pair: Mask
    prompt: Mask
    known: Mask


@dataclass
class Likeness:
    """The similarity of rows as pairs, for `Search`.

    Attributes:
        sets: The sets of rows.
        rows: Their numbers among the sets.
        by_prompt: Pairs so far that were alike but for their replies.
        flipped: Pairs so far that were alike with the replies exchanged.
    """

    sets: Sets
    rows: Index
    by_prompt: int = 0
    flipped: list[Pairs] = field(default_factory=list)

    def __call__(self, left: Index, right: Index) -> Scores:
        """The Jaccard similarity of all they say; 0 where near ones are not alike as they are."""
        a, b = self.rows[left], self.rows[right]
        scores = self.sets.jaccard(a, b, (WHOLE, WHOLE))
        near = np.flatnonzero(scores >= THRESHOLD)
        apart = self.sets.jaccard(a[near], b[near], (REPLIES, REPLIES)) == 0
        self.by_prompt += int(apart.sum())
        scores[near[apart]] = 0
        near = near[~apart]
        near = near[are_flipped(self.sets, a[near], b[near])]
        self.flipped.append(Pairs(left[near], right[near], scores[near]))
        scores[near] = 0
        return scores


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        pairs: Kept rows by number; `right` is the one that a fix would take out first.
        kinds: k places in `KINDS`.
        numbers: How the search went.
        clusters: What `count_clusters` gives; nothing for prompts.
    """

    pairs: Pairs
    kinds: Index
    numbers: dict[str, int]
    clusters: dict[str, int]


def ask(study: Study) -> Answer:
    """Which pairs are nearly another, and which train prompts nearly one of test.

    Findings: for each row but one of a cluster, the row and one that it is like; for each that is
    like an earlier one with the replies exchanged, the two; each train row whose prompt is nearly
    one of test, and a test row. `score` is the exact Jaccard similarity.

    Args:
        study: The dataset and its keys.

    Raises:
        UnansweredError: There are not two different pairs to compare.
    """
    chosen = choose(study.keys)
    if chosen.pair.sum() < 2:
        raise UnansweredError(
            "There are not two different pairs to compare."
            if len(chosen.pair)
            else "No rows were kept."
        )
    both = bool(chosen.train.any() and not chosen.train.all())
    wanted = chosen.pair | (chosen.prompt & ~chosen.known & both)
    with TemporaryDirectory(prefix="pairsmith-") as folder:
        made = sketch_rows(study.data, wanted, both, Path(folder))
        near = find_pairs(made, np.flatnonzero(wanted), chosen)
        leaks = find_leaks(made, np.flatnonzero(wanted), chosen) if both else None
    return _answer(study.keys, chosen, near, leaks)


def plot(answer: Answer) -> Plot | None:
    """What is nearly another, by kind; a kind that could not be looked for is left out."""
    kinds = ("near_duplicate", "near_flipped", "near_leak", "clusters")
    held = {kind: answer.numbers.get(kind) for kind in kinds}
    return draw_bars(answer.question, {k: count for k, count in held.items() if count is not None})


def choose(keys: DuckDBPyConnection) -> Choice:
    """What is looked at, of the rows in the table `rows`."""
    columns = keys.sql(CHOICE).fetchnumpy()
    return Choice(*(np.asarray(columns[name], bool) for name in Choice._fields))


def find_pairs(made: Sketches, rows: Index, chosen: Choice) -> Found:
    """Pairs that are nearly another.

    Args:
        made: Sketches of rows.
        rows: Their numbers.
        chosen: What is looked at.
    """
    own = np.flatnonzero(chosen.pair[rows])
    some = own[np.diff(made.sets.offsets)[own] > 0]
    some = some[np.argsort(chosen.train[rows[some]], kind="stable")]  # test first: it is kept
    goal, likeness = Clusters(len(some)), Likeness(made.sets, some)
    search = Search(likeness, THRESHOLD, EFFORT + EFFORT_PER_ROW * len(some))
    search.run(made.whole[some], goal)
    tree = span(joined(goal.pairs), len(some))
    flipped = pick_best(joined(likeness.flipped))
    kinds = np.repeat(
        [KINDS.index(DUPLICATE), KINDS.index(FLIPPED)], [len(tree.left), len(flipped.left)]
    )
    numbers = {
        "compared": search.compared,
        "alike_but_for_replies": likeness.by_prompt,
        "buckets_cut_short": search.cut,
        "without_words": len(own) - len(some),
    }
    pairs = _named(joined([tree, flipped]), rows[some])
    return Found(pairs, kinds, numbers, count_clusters(goal.labels))


def find_leaks(made: Sketches, rows: Index, chosen: Choice) -> Found:
    """Train prompts that are nearly one of test; see `find_pairs`."""
    own = np.flatnonzero((chosen.prompt & ~chosen.known)[rows])
    some = own[made.prompt_sizes[own] > 0]
    some = some[np.argsort(chosen.train[rows[some]], kind="stable")]  # test first
    goal = Crossing(chosen.train[rows[some]])

    def compare(left: Index, right: Index) -> Scores:
        return made.sets.jaccard(some[left], some[right], (PROMPT, PROMPT))

    search = Search(compare, THRESHOLD, EFFORT + EFFORT_PER_ROW * len(some))
    search.run(made.prompt[some], goal)
    alike = joined(goal.pairs)
    numbers = {
        "train_prompts": len(alike.left),
        "compared": search.compared,
        "buckets_cut_short": search.cut,
        "without_words": len(own) - len(some),
    }
    kinds = np.full(len(alike.left), KINDS.index(LEAK))
    return Found(_named(alike, rows[some]), kinds, numbers, {})


def _named(pairs: Pairs, rows: Index) -> Pairs:
    return Pairs(rows[pairs.left], rows[pairs.right], pairs.scores)


def are_flipped(sets: Sets, left: Index, right: Index) -> Mask:
    """Whether pairs that are alike have their replies exchanged.

    They have where both replies are more like the other's other reply than either is like its own.

    Args:
        sets: The sets of rows.
        left: k numbers of rows.
        right: The same.
    """
    asked, straight, crosswise = np.arange(len(left)), np.zeros(len(left)), np.ones(len(left))
    for parts in ((CHOSEN, CHOSEN), (REJECTED, REJECTED)):
        asked = asked[straight[asked] < 1]  # of two that are equal nothing can be more alike
        scores = sets.jaccard(left[asked], right[asked], parts)
        straight[asked] = np.maximum(straight[asked], scores)
    for parts in ((CHOSEN, REJECTED), (REJECTED, CHOSEN)):
        asked = asked[straight[asked] < crosswise[asked]]
        scores = sets.jaccard(left[asked], right[asked], parts)
        crosswise[asked] = np.minimum(crosswise[asked], scores)
    flipped = np.zeros(len(left), bool)
    flipped[asked[straight[asked] < crosswise[asked]]] = True
    return flipped


def _answer(keys: DuckDBPyConnection, chosen: Choice, near: Found, leaks: Found | None) -> Answer:
    findings, subsets = as_findings(keys, near, PAIRS)
    if leaks is not None:
        more, others = as_findings(keys, leaks, PROMPTS)
        findings, subsets = pa.concat_tables([findings, more]), subsets + others
    kinds = findings["kind"].to_pylist()
    counts: dict[str, int | None] = {kind: kinds.count(kind) for kind in KINDS}
    counts[LEAK] = None if leaks is None else counts[LEAK]
    numbers: dict[str, Any] = {
        "rows": len(chosen.pair),
        "different_pairs": int(chosen.pair.sum()),
        **counts,
        **near.clusters,
        "by_subset": _by_subset(subsets, kinds),
        "pairs": near.numbers,
        "prompts": None if leaks is None else leaks.numbers,
        "method": {
            "similarity": "Jaccard of sets of shingles, exact",
            "threshold": THRESHOLD,
            "tokens_of_a_shingle": SIZE,
            "bands": BANDS,
            "slots_of_a_band": ROWS,
            "chance_of_a_miss": {str(at): miss(at) for at in (0.8, 0.85, 0.9, 0.95)},
        },
    }
    return Answer("near", TITLE, _sentence(numbers), numbers, findings, _cure(counts))


def as_findings(keys: DuckDBPyConnection, found: Found, query: str) -> tuple[pa.Table, list[str]]:
    """Findings as a table of `FINDINGS`, and the subset of the first row of each.

    Args:
        keys: The table `rows`.
        found: What a search came to.
        query: `PAIRS` or `PROMPTS`.
    """
    pairs = found.pairs
    kinds = pa.array(KINDS).take(pa.array(found.kinds, pa.int64()))
    asked = pa.table(  # noqa: F841
        {"own": pairs.right, "other": pairs.left, "score": pairs.scores, "kind": kinds}
    )
    named = keys.sql(query).to_arrow_table().to_pydict()
    both = [*zip(named["id"], named["other"], strict=True)]
    said = [
        SENTENCES[kind].format(score=score)
        for kind, score in zip(named["kind"], named["score"], strict=True)
    ]
    columns = {"kind": named["kind"], "rows": both, "score": named["score"], "sentence": said}
    return pa.table(columns, FINDINGS), named["subset"]


def count_clusters(labels: Index) -> dict[str, int]:
    """Clusters of more than one row, the rows in them, and the rows of the largest."""
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 1]
    return {
        "clusters": len(sizes),
        "rows_in_clusters": int(sizes.sum()),
        "largest_cluster": int(sizes.max(initial=0)),
    }


def _by_subset(subsets: list[str], kinds: list[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for subset, kind in zip(subsets, kinds, strict=True):
        own = counts.setdefault(subset, dict.fromkeys(KINDS, 0))
        own[kind] += 1
    return dict(sorted(counts.items()))


def _sentence(numbers: dict[str, Any]) -> str:
    said = [
        f"Nearly another (Jaccard {THRESHOLD} or more): {numbers[DUPLICATE]:,} of "
        f"{numbers['different_pairs']:,} different pairs; with the replies exchanged: "
        f"{numbers[FLIPPED]:,}."
    ]
    searches = [numbers["pairs"]]
    if numbers["prompts"] is None:
        said.append("There are not both train and test to look for leaks between.")
    else:
        said.append(f"Train rows whose prompt is nearly one of test: {numbers[LEAK]:,}.")
        searches.append(numbers["prompts"])
    cut = sum(search["buckets_cut_short"] for search in searches)
    if cut:
        said.append(f"Candidates in {cut:,} large buckets were not all compared.")
    return " ".join(said)


def _cure(counts: dict[str, int | None]) -> str:
    cures = []
    if counts[DUPLICATE]:
        cures.append("Take the first row of each near duplicate out.")
    if counts[FLIPPED]:
        cures.append("Read those with the replies exchanged: one of the two labels is wrong.")
    if counts[LEAK]:
        cures.append("Take the train rows out whose prompt is nearly one of test.")
    return " ".join(cures)
