"""Near duplicates: pairs similar to another pair, and train prompts similar to a prompt of test.

The similarity of two pairs is the Jaccard similarity of their sets of shingles (see
`pairsmith.auditing.similarity.shingles`), of prompt and both replies together, so that exchanging
the replies does not change it. A long common prompt is not enough: the replies must share at least
one shingle. Candidates come from MinHash sketches and are compared exactly: there are no false
positives, and the probability of a miss is reported in the numbers.

Equal pairs, pairs equal but for exchanged replies, and prompts that are equal in train and test,
are covered by other questions; here one row represents all of them, a test row before a train row.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.auditing.answer import FINDINGS, Answer, Study, UnansweredError
from pairsmith.auditing.claims.same_rows import claim_near
from pairsmith.auditing.report.plots import draw_bars
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
from pairsmith.reporting.svg import Plot
from pairsmith.text.spans import Index, Mask

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Near duplicates"

THRESHOLD = 0.8
"""The least Jaccard similarity of near duplicates."""

DUPLICATE, FLIPPED, LEAK = "near_duplicate", "near_flipped", "near_leak"

KINDS = (DUPLICATE, FLIPPED, LEAK)
"""Kinds of findings: similar pairs, similar pairs with opposite preferences, similar prompts."""

SENTENCES = {
    DUPLICATE: "Nearly the same pair: Jaccard {score:.2f}.",
    FLIPPED: "Nearly the same pair with the replies exchanged: Jaccard {score:.2f}.",
    LEAK: "The train row has nearly the prompt of a test row: Jaccard {score:.2f}.",
}

REPRESENTATIVES = """
    SELECT starts_with(split, 'train') AS train,
        row_number() OVER (
            PARTITION BY prompt, least(chosen, rejected), greatest(chosen, rejected)
            ORDER BY starts_with(split, 'train'), row) = 1 AS pair,
        row = min(row) OVER (PARTITION BY prompt, starts_with(split, 'train')) AS prompt,
        starts_with(split, 'train')
            AND bool_or(NOT starts_with(split, 'train')) OVER (PARTITION BY prompt) AS known
    FROM rows WHERE kept ORDER BY row
"""

PAIRS = """
    SELECT own.id, other.id AS other, own.subset, score, kind
    FROM matches JOIN rows own ON own.row = matches.own
    JOIN rows other ON other.row = matches.other
    ORDER BY own.row, kind
"""
"""The rows of each finding of pairs, by their ids."""

PROMPTS = """
    SELECT own.id, other.id AS other, own.subset, score, kind
    FROM matches JOIN rows first ON first.row = matches.own
    JOIN rows other ON other.row = matches.other
    JOIN rows own ON own.prompt = first.prompt AND own.kept AND starts_with(own.split, 'train')
    ORDER BY own.row
"""
"""The rows of each finding of prompts: all train rows with the prompt, and the test row."""


class Representatives(NamedTuple):
    """The rows that take part in the search: four flags for each of n kept rows.

    Attributes:
        train: It is a row of train.
        pair: It represents its pair, and those equal to it but for exchanged replies.
        prompt: It represents its prompt within train, or within test.
        known: It is a row of train whose prompt is equal to one of test.
    """

    train: Mask
    pair: Mask
    prompt: Mask
    known: Mask


@dataclass
class PairSimilarity:
    """Computes the similarity of pairs for `Search`, and collects those with exchanged replies.

    Attributes:
        sets: The sets of shingles of all sketched rows.
        rows: The positions of the compared rows among `sets`.
        by_prompt: The number of pairs so far that were similar in their prompts only.
        flipped: The pairs so far that are similar with the replies exchanged.
    """

    sets: Sets
    rows: Index
    by_prompt: int = 0
    flipped: list[Pairs] = field(default_factory=list)

    def __call__(self, left: Index, right: Index) -> Scores:
        """Computes the Jaccard similarity of k pairs; 0 for similar ones that are no duplicates.

        Those are pairs whose replies share no shingle, and pairs whose replies are exchanged, which
        go to `flipped`.

        Args:
            left: k positions in `rows`.
            right: k positions in `rows`.
        """
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
class SearchResult:
    """The k similar pairs that a search found.

    Attributes:
        pairs: Numbers of kept rows; `right` is the one that a fix would remove first.
        kinds: k positions in `KINDS`.
        numbers: The statistics of the search.
        clusters: The result of `count_clusters`; empty for a search of prompts.
    """

    pairs: Pairs
    kinds: Index
    numbers: dict[str, int]
    clusters: dict[str, int]


def ask(study: Study) -> Answer:
    """Searches for pairs similar to another pair, and for train prompts similar to one of test.

    Findings are: for each row of a cluster but one, the row and a similar one of the cluster; each
    row that is similar to an earlier one with the replies exchanged, and that one; each train row
    whose prompt is similar to one of test, and the test row. `score` is the exact Jaccard
    similarity.

    Args:
        study: The dataset and its index.

    Raises:
        UnansweredError: There are not two different pairs to compare.
    """
    chosen = choose_representatives(study.index)
    if chosen.pair.sum() < 2:
        raise UnansweredError(
            "There are not two different pairs to compare."
            if len(chosen.pair)
            else "No rows were kept."
        )
    both = bool(chosen.train.any() and not chosen.train.all())
    selected = chosen.pair | (chosen.prompt & ~chosen.known & both)
    with TemporaryDirectory(prefix="pairsmith-") as folder:
        made = sketch_rows(study.data, selected, both, Path(folder))
        near = find_pairs(made, np.flatnonzero(selected), chosen)
        leaks = find_leaks(made, np.flatnonzero(selected), chosen) if both else None
    answer = _answer(study.index, chosen, near, leaks)
    return replace(answer, sentence=f"{answer.sentence} {study.data.caveat}".rstrip())


def plot(answer: Answer) -> Plot | None:
    """Draws the near duplicates by kind; a kind that could not be searched for is left out."""
    kinds = ("near_duplicate", "near_flipped", "near_leak", "clusters")
    counts = {kind: answer.numbers.get(kind) for kind in kinds}
    return draw_bars(
        answer.question, {k: count for k, count in counts.items() if count is not None}
    )


def choose_representatives(index: DuckDBPyConnection) -> Representatives:
    """Chooses the kept rows that take part, given the row hashes from `pairsmith.dataset.index`."""
    columns = index.sql(REPRESENTATIVES).fetchnumpy()
    return Representatives(*(np.asarray(columns[of], bool) for of in Representatives._fields))


def find_pairs(made: Sketches, rows: Index, chosen: Representatives) -> SearchResult:
    """Finds pairs that are similar to another pair.

    Args:
        made: The sketches of m rows.
        rows: The numbers of these rows among the kept ones, ascending.
        chosen: The flags of all kept rows.
    """
    own = np.flatnonzero(chosen.pair[rows])
    some = own[np.diff(made.sets.offsets)[own] > 0]
    some = some[np.argsort(chosen.train[rows[some]], kind="stable")]  # test first: it is kept
    goal, similarity = Clusters(len(some)), PairSimilarity(made.sets, some)
    search = Search(similarity, THRESHOLD, EFFORT + EFFORT_PER_ROW * len(some))
    search.run(made.whole[some], goal)
    tree = span(joined(goal.pairs), len(some))
    flipped = pick_best(joined(similarity.flipped))
    kinds = np.repeat(
        [KINDS.index(DUPLICATE), KINDS.index(FLIPPED)], [len(tree.left), len(flipped.left)]
    )
    numbers = {
        "compared": search.compared,
        "alike_but_for_replies": similarity.by_prompt,
        "buckets_cut_short": search.cut,
        "without_words": len(own) - len(some),
    }
    pairs = _renumber(joined([tree, flipped]), rows[some])
    return SearchResult(pairs, kinds, numbers, count_clusters(goal.labels))


def find_leaks(made: Sketches, rows: Index, chosen: Representatives) -> SearchResult:
    """Finds train prompts that are similar to a prompt of test; arguments as in `find_pairs`."""
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
    return SearchResult(_renumber(alike, rows[some]), kinds, numbers, {})


def _renumber(pairs: Pairs, rows: Index) -> Pairs:
    return Pairs(rows[pairs.left], rows[pairs.right], pairs.scores)


def are_flipped(sets: Sets, left: Index, right: Index) -> Mask:
    """Flags the similar pairs whose replies are exchanged.

    They are if chosen and rejected are both more similar to the other row's opposite reply than
    either is to its counterpart.

    Args:
        sets: The sets of shingles.
        left: k row numbers.
        right: k row numbers.
    """
    undecided, straight, crosswise = np.arange(len(left)), np.zeros(len(left)), np.ones(len(left))
    for parts in ((CHOSEN, CHOSEN), (REJECTED, REJECTED)):
        undecided = undecided[straight[undecided] < 1]  # nothing is more similar than equal replies
        scores = sets.jaccard(left[undecided], right[undecided], parts)
        straight[undecided] = np.maximum(straight[undecided], scores)
    for parts in ((CHOSEN, REJECTED), (REJECTED, CHOSEN)):
        undecided = undecided[straight[undecided] < crosswise[undecided]]
        scores = sets.jaccard(left[undecided], right[undecided], parts)
        crosswise[undecided] = np.minimum(crosswise[undecided], scores)
    flipped = np.zeros(len(left), bool)
    flipped[undecided[straight[undecided] < crosswise[undecided]]] = True
    return flipped


def _answer(
    index: DuckDBPyConnection,
    chosen: Representatives,
    near: SearchResult,
    leaks: SearchResult | None,
) -> Answer:
    findings, subsets = as_findings(index, near, PAIRS)
    if leaks is not None:
        more, others = as_findings(index, leaks, PROMPTS)
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
    sentence, cure, claims = _summarize(numbers), _cure(counts), claim_near(numbers)
    return Answer("near", TITLE, sentence, numbers, findings, cure, claims=claims)


def as_findings(
    index: DuckDBPyConnection, result: SearchResult, query: str
) -> tuple[pa.Table, list[str]]:
    """Converts a search result to a table with the schema `FINDINGS`.

    Args:
        index: The row hashes, from `pairsmith.dataset.index`.
        result: The similar pairs.
        query: `PAIRS` or `PROMPTS`.

    Returns:
        The findings, and the subset of the first row of each.
    """
    pairs = result.pairs
    kinds = pa.array(KINDS).take(pa.array(result.kinds, pa.int64()))
    matches = pa.table(  # noqa: F841 - the query reads it by its name
        {"own": pairs.right, "other": pairs.left, "score": pairs.scores, "kind": kinds}
    )
    found = index.sql(query).to_arrow_table().to_pydict()
    both = [*zip(found["id"], found["other"], strict=True)]
    sentences = [
        SENTENCES[kind].format(score=score)
        for kind, score in zip(found["kind"], found["score"], strict=True)
    ]
    columns = {"kind": found["kind"], "rows": both, "score": found["score"], "sentence": sentences}
    return pa.table(columns, FINDINGS), found["subset"]


def count_clusters(labels: Index) -> dict[str, int]:
    """Counts clusters of several rows, rows in them and in the largest, by the cluster of each."""
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


def _summarize(numbers: dict[str, Any]) -> str:
    sentences = [
        f"Nearly another (Jaccard {THRESHOLD} or more): {numbers[DUPLICATE]:,} of "
        f"{numbers['different_pairs']:,} different pairs; with the replies exchanged: "
        f"{numbers[FLIPPED]:,}."
    ]
    searches = [numbers["pairs"]]
    if numbers["prompts"] is None:
        sentences.append("There are not both train and test to look for leaks between.")
    else:
        sentences.append(f"Train rows whose prompt is nearly one of test: {numbers[LEAK]:,}.")
        searches.append(numbers["prompts"])
    cut = sum(search["buckets_cut_short"] for search in searches)
    if cut:
        sentences.append(f"Candidates in {cut:,} large buckets were not all compared.")
    return " ".join(sentences)


def _cure(counts: dict[str, int | None]) -> str:
    cures = []
    if counts[DUPLICATE]:
        cures.append("Take the first row of each near duplicate out.")
    if counts[FLIPPED]:
        cures.append("Read those with the replies exchanged: one of the two labels is wrong.")
    if counts[LEAK]:
        cures.append("Take the train rows out whose prompt is nearly one of test.")
    return " ".join(cures)
