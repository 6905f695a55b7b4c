"""The commands of the program, but for those in groups: each with what it does in a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pairsmith.cli.commands import (
    audit,
    build,
    check,
    collect,
    evaluate,
    explore,
    export,
    generate,
    lineage,
    preview,
    publish,
    rounds,
    score,
    serve,
    show,
    split,
    templates,
)

PRINTING = frozenset(
    (
        show.show,
        preview.preview,
        score.score,
        templates.templates,
        lineage.lineage,
        rounds.rounds,
        collect.collect,
        serve.serve,
    )
)
"""What these print is what they are for."""

COMMANDS: Mapping[Callable[..., None], str] = {
    build.build: "Build a dataset from preferences, every row accounted for.",
    check.check: "Check a build against its manifest.",
    show.show: "Show rows: chosen beside rejected, or why one was refused.",
    export.export: "Export pairs in the files that a trainer reads.",
    preview.preview: "Show rows as the token ids that a trainer makes of them.",
    audit.audit: "Ask what is wrong with a whole dataset.",
    explore.explore: "Ask what the contents are: topics, words, who wins.",
    evaluate.evaluate: "Say how good scores are, with intervals and baselines.",
    split.split: "Split a source into train and test by conversation.",
    score.score: "Score rows or texts by a preference model.",
    generate.generate: "Sample a model, and pair the best with another.",
    collect.collect: "Talk to a model and choose, or judge pairs again.",
    lineage.lineage: "Trace what a model or a build was made from.",
    rounds.rounds: "Hold the rounds of a build beside each other.",
    publish.publish: "Publish a build on a hub.",
    templates.templates: "List chat templates, or show how one compiles.",
    serve.serve: "Serve datasets to the stock clients, with gates.",
}
"""What each command does, in a line of 60 characters."""
