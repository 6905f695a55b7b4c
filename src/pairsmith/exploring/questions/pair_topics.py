"""Topics of prompts: what pairs are about, and where sides differ in another way than elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pairsmith.dataset import manifest
from pairsmith.dataset.annotations import read_annotation
from pairsmith.dataset.margins import are_of_other_labels, margins_of_rows, read_margins
from pairsmith.errors import AnnotationError
from pairsmith.exploring.answer import FEW_MEMBERS, FEW_ROWS, Answer, Effect, Effects, Study
from pairsmith.exploring.forms import FORMS
from pairsmith.exploring.pairs import CHOSEN, REJECTED, Pairs
from pairsmith.exploring.telling import number_or_none
from pairsmith.io.durable import sha256_of
from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.compared import Compared
from pairsmith.statistics.paired import contrast_parts, weigh_pairs
from pairsmith.text.spans import Index

TITLE = "Topics of prompts"

REFUSAL = "a phrase of refusal"


class Measure(NamedTuple):
    """A number of pairs that is compared between topics.

    Attributes:
        title: What its list is of.
        unit: What it is in.
        words: What it is.
        values: n numbers; not a number where a pair has none.
        differ: n flags, or None: the pairs that say something, of which a topic needs enough.
        scale: By which it is multiplied.
    """

    title: str
    unit: str
    words: str
    values: Floats
    differ: Any
    scale: float


class Scored(NamedTuple):
    """The margins of an annotation.

    Attributes:
        margins: n numbers; not a number where a pair has none. None where there are none.
        remark: Why there are none, a sentence; empty if there are some or none were asked for.
    """

    margins: Floats | None
    remark: str = ""


def ask(study: Study) -> Answer:
    """Finds topics of prompts, and compares what is chosen between them.

    Raises:
        UnansweredError: The build keeps no pairs, or too few prompts for topics.
        AnnotationError: What `--scores` names has no margins, and the build has pairs alone.
    """
    pairs, topics = study.pairs, study.pair_topics
    return answer(pairs, topics.of, topics.names, read_scored(study), study.options.no_text)


def answer(pairs: Pairs, of: Index, names: Sequence[str], scored: Scored, no_text: bool) -> Answer:
    """The answer, given topics.

    Args:
        pairs: The pairs.
        of: The topic of each of the m pairs whose texts are held; -1 for none.
        names: Those of topics.
        scored: The margins of all pairs.
        no_text: Whether topics are numbered in place of being named.
    """
    called = [f"topic {n}" if no_text else name for n, name in enumerate(names, 1)]
    groups = pairs.conversation[pairs.sample]
    measures = _measures(pairs, scored)
    lists = tuple(
        compare(measure, of, called, groups)
        for measure in measures
        if np.isfinite(measure.values).any()
    )
    numbers: dict[str, Any] = {
        "pairs": len(of),
        "sampled": pairs.sampled,
        "topics": len(names),
        "pairs_without_topic": int((of < 0).sum()),
        "largest_topic": int(np.bincount(of[of >= 0], minlength=1).max()),
    }
    if scored.margins is not None:
        numbers["scores"] = _overall(scored.margins[pairs.sample], groups)
    return Answer("pair_topics", TITLE, _say(numbers, scored, no_text), "", numbers, lists)


def read_scored(study: Study) -> Scored:
    """The margins of the annotation that was named.

    Raises:
        AnnotationError: It has none, and the build has pairs alone.
    """
    name = study.options.scores
    if name is None:
        return Scored(None)
    annotation = read_annotation(study.out, name)
    if are_of_other_labels(annotation, study.built, sha256_of(study.out / manifest.NAME)):
        return Scored(None, f"Margins of {name} are of labels that this build has exchanged.")
    try:
        table = read_margins(annotation)
    except AnnotationError as error:
        if study.attempts is None:
            raise
        return Scored(None, str(error).splitlines()[0])
    return Scored(margins_of_rows(table, study.pairs.ids))


def _measures(pairs: Pairs, scored: Scored) -> list[Measure]:
    """What is compared between topics, of the pairs whose texts are held."""
    some = pairs.sample
    longer = np.sign(pairs.longer[some])
    refusal = list(FORMS).index(REFUSAL)
    refused = pairs.has[some, refusal].astype(np.float64)
    refused = refused[:, CHOSEN] - refused[:, REJECTED]
    unit = "points more than elsewhere"
    held = [
        Measure(
            "Whether the longer reply is chosen, by topic",
            unit,
            "How often the longer reply is chosen less how often the shorter one is.",
            longer,
            longer != 0,
            100,
        ),
        Measure(
            "Refusals, by topic",
            unit,
            "The share of chosen replies with a phrase of refusal less that of rejected ones.",
            refused,
            refused != 0,
            100,
        ),
    ]
    if scored.margins is None:
        return held
    margins = scored.margins[some]
    agrees = np.where(np.isfinite(margins), (np.sign(margins) + 1) / 2, np.nan)
    return [
        *held,
        Measure(
            "Agreement of the scores with labels, by topic",
            unit,
            "How often the chosen reply has the higher score; equal ones count half.",
            agrees,
            None,
            100,
        ),
        Measure(
            "Margins, by topic",
            "margin, more than elsewhere",
            "The score of chosen less that of rejected.",
            margins,
            None,
            1,
        ),
    ]


def compare(measure: Measure, of: Index, called: Sequence[str], groups: Index) -> Effects:
    """A number in each topic against all other pairs; topics are in the order of their size."""
    some = np.isfinite(measure.values)
    values, of, groups = measure.values[some], of[some], groups[some]
    differ = None if measure.differ is None else measure.differ[some]
    found = contrast_parts(values, of, len(called), groups, differ)
    within = [
        weigh_pairs(values[of == place][:, None], groups[of == place], few=(1, 2))
        for place in range(len(called))
    ]
    effects = [
        _effect(name, measure, place, found, within[place], int((of == place).sum()))
        for place, name in enumerate(called)
    ]
    words = (
        f"{measure.words} The number is that of the topic less that of all other pairs; beside it "
        "stands that of the topic."
    )
    return Effects(measure.title, words, tuple(effects), harmful=True)


def _effect(
    name: str, measure: Measure, place: int, found: Compared, within: Compared, pairs: int
) -> Effect:
    scale = measure.scale
    estimate = number_or_none(found.estimate[place], scale)
    inside = (within.estimate[0], within.low[0], within.high[0])
    told = [None if estimate is None else number_or_none(value, scale) for value in inside]
    return Effect(
        name,
        measure.unit,
        estimate,
        number_or_none(found.low[place], scale),
        number_or_none(found.high[place], scale),
        int(found.rows[place]),
        int(found.groups[place]),
        number_or_none(found.p[place]),
        {"pairs": pairs, **dict(zip(("in the topic", "from", "to"), told, strict=True))},
    )


def _overall(margins: Floats, groups: Index) -> dict[str, Any]:
    """Mean margin and agreement with labels over all pairs that have a margin."""
    some = np.isfinite(margins)
    held = np.stack([(np.sign(margins[some]) + 1) / 2, margins[some]], axis=1)
    found = weigh_pairs(held, groups[some], few=(FEW_ROWS, FEW_MEMBERS))
    return {
        name: {
            "estimate": number_or_none(found.estimate[place]),
            "low": number_or_none(found.low[place]),
            "high": number_or_none(found.high[place]),
        }
        for place, name in enumerate(("agreement_with_labels", "mean_margin"))
    } | {"pairs_with_scores": int(some.sum()), "conversations": len(np.unique(groups[some]))}


def _say(numbers: dict[str, Any], scored: Scored, no_text: bool) -> str:
    without = 100 * numbers["pairs_without_topic"] / max(numbers["pairs"], 1)
    said = (
        f"The prompts of {numbers['pairs']:,} pairs are of {numbers['topics']:,} topics, of which "
        f"the largest has {numbers['largest_topic']:,} pairs; {without:.1f} % are of none."
    )
    if scored.margins is not None:
        held = numbers["scores"]["agreement_with_labels"]
        if held["estimate"] is None:
            said += " Too few pairs have scores."
        else:
            shares = [f"{100 * held[name]:.1f}" for name in ("estimate", "low", "high")]
            said += (
                f" The scores agree with labels of {shares[0]} % ({shares[1]} to {shares[2]} %) "
                f"of {numbers['scores']['pairs_with_scores']:,} pairs."
            )
    hidden = " The topics' names are left out of this report." if no_text else ""
    return f"{said}{' ' if scored.remark else ''}{scored.remark}{hidden}"
