"""The options of a build, each declared and documented once: the field of a dataclass.

`pairsmith.build` takes them as keywords, the command line as options, and the recipe is resolved
from them. To add one: a field here and its name in `BuildArguments`; if it decides bytes, a field
of `pairsmith.schema.recipe.Recipe` too. Nothing heavy is imported: `--help` reads this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, TypedDict, Unpack

from pairsmith.schema.options import Option

MESSAGES = ("auto", "plain", "full")
"""What `BuildOptions.messages` takes."""

PROVE = ("sample", "all")
"""What `ExecutionOptions.prove` takes."""


@dataclass(frozen=True)
class SourceOptions:
    """How to read a source."""

    subset: Annotated[str | None, Option("For files: their subset.", "NAME")] = None
    split: Annotated[
        str | None, Option("For files: their split, as train, validation, test.", "NAME")
    ] = None
    from_: Annotated[
        str, Option("What a row looks like: {shapes}; or auto, told by the first rows.", "SHAPE")
    ] = "auto"
    columns: Annotated[
        Mapping[str, str] | str | None,
        Option(
            "Which field is what: prompt=question,chosen=best,rejected=worst; dots for fields "
            "inside of others.",
            "ROLE=FIELD,…",
            given="text",
        ),
    ] = None
    preference: Annotated[
        str | None,
        Option("Which one counts where rows tell several: better, safer, a field.", "NAME"),
    ] = None
    format: Annotated[
        str | None, Option("What standard input is: {formats}; else JSON.", "ENDING")
    ] = None


@dataclass(frozen=True)
class BuildOptions:
    """What to make of a source: all that decides the bytes of a build, besides the source."""

    template: Annotated[
        str | None,
        Option(
            "Chat template: a name (see pairsmith templates), a .jinja file, a tokenizer's "
            "folder, a hub id. Without one, rows are messages.",
            "NAME",
        ),
    ] = None
    tokens: Annotated[
        Mapping[str, str] | None,
        Option(
            "A special token for a template that does not tell, by name: eos_token=… Repeatable.",
            "NAME=TEXT",
            flag="--token",
            given="pairs",
        ),
    ] = None
    date: Annotated[
        str | None,
        Option("For a template that writes the date: 2026-01-31; today by default.", "DAY"),
    ] = None
    as_: Annotated[
        str | None, Option("text, or messages; text where there is a template.", "FORM")
    ] = None
    system: Annotated[
        str | None, Option("A system turn before every prompt that has none.", "TEXT")
    ] = None
    shard_rows: Annotated[int, Option("At most N rows of the source in a shard.", "N")] = 100_000
    policies: Annotated[
        Mapping[str, str] | None,
        Option(
            "Instead of quarantine: bad_roles, empty_turn, empty_reply, identical or "
            "control_token=keep; bad_roles=merge; control_token=escape.",
            "REASON=POLICY,…",
            flag="--on",
            given="choices",
        ),
    ] = None
    pairs: Annotated[
        str | None,
        Option(
            "Which replies are compared where a row has more than two: best-worst, best-rest, "
            "adjacent, all.",
            "WHICH",
        ),
    ] = None
    min_margin: Annotated[
        float, Option("Refuse comparisons whose scores differ by less.", "MARGIN")
    ] = 0.0
    drop_weak: Annotated[
        float,
        Option(
            "Refuse comparisons whose field strength, how sure who chose was, is at most this.",
            "STRENGTH",
        ),
    ] = 0.0
    carry: Annotated[
        Iterable[str],
        Option(
            "Fields that go along as columns: score_chosen,source,meta.language.",
            "FIELD,…",
            given="list",
        ),
    ] = ()
    margin: Annotated[
        str | None,
        Option(
            "A column margin for trainers that read one: a field; A-B, one less another; or "
            "scores: those by which rows were compared.",
            "FIELD",
        ),
    ] = None
    messages: Annotated[
        str,
        Option(
            "What messages are written with: plain, role and content; full, reasoning and tools "
            "too; or auto, told by the first rows.",
            "FORM",
        ),
    ] = "auto"
    mend: Annotated[
        Iterable[str],
        Option(
            "Put damaged text right where that is certain: encoding, html_entity, html_tag, "
            "escaped_line_end, zero_width, bidirectional, or all.",
            "KIND,…",
            given="list",
        ),
    ] = ()
    drop: Annotated[
        Iterable[str],
        Option(
            "Refuse rows of train for the sake of others: duplicates, near, leaks, flipped.",
            "NAME,…",
            given="list",
        ),
    ] = ()
    flip: Annotated[
        float | None,
        Option(
            "Exchange the replies of train rows whose label a judge doubts by more, in log-odds.",
            "DOUBT",
        ),
    ] = None
    smooth: Annotated[
        float | None,
        Option("Only mark them, with how far the label is to be believed.", "DOUBT"),
    ] = None
    drop_doubted: Annotated[
        float | None,
        Option("Refuse them, as doubted.", "DOUBT"),
    ] = None
    judge: Annotated[
        str,
        Option(
            "Who doubts labels: an annotation of OUT, or one in a folder, that has margins; or "
            "linear, a weak model trained on the rows.",
            "NAME",
        ),
    ] = "linear"
    temperature: Annotated[
        float,
        Option("What the margins of an annotation are divided by to be log-odds.", "T"),
    ] = 1.0
    apply: Annotated[
        Iterable[str],
        Option(
            "Act on what an annotation of OUT, or one in a folder, says of rows: drop them, or "
            "what else its labels stand for.",
            "NAME[:LABEL],…",
            given="list",
        ),
    ] = ()
    card: Annotated[
        Mapping[str, Any] | str | os.PathLike[str] | None,
        Option(
            "Card fields: licence, tags, gate; a YAML file of them, or in Python a mapping.",
            "FILE",
            given="file",
        ),
    ] = None

    @property
    def looks(self) -> bool:
        """Whether all rows are looked at first: what is dropped or doubted is told by others."""
        return bool(self.drop) or (self.judges and self.judge == "linear")

    @property
    def judges(self) -> bool:
        """Whether labels are doubted."""
        return any(doubt is not None for doubt in (self.flip, self.smooth, self.drop_doubted))

    def first_pass(self) -> BuildOptions:
        """The same without actions, as plain messages: what the first look at all rows builds."""
        usual = BuildOptions()
        return replace(self, **{name: getattr(usual, name) for name in (*ACTIONS, *WRITING)})


ACTIONS = ("drop", "flip", "smooth", "drop_doubted", "judge", "temperature", "apply")
"""The options that act on rows once all of them were looked at."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "What is read": ("from_", "columns", "preference", "subset", "split", "format"),
    "What is compared, kept and refused": ("pairs", "min_margin", "drop_weak", "policies"),
    "What is acted on": (
        "mend",
        "drop",
        "flip",
        "smooth",
        "drop_doubted",
        "judge",
        "temperature",
        "apply",
    ),
    "How rows are written": (
        *("template", "tokens", "date", "as_", "system", "messages"),
        *("carry", "margin", "shard_rows", "card"),
    ),
    "How the work is done": ("engine", "workers", "address", "batch_rows", "prove", "force"),
}
"""Under which words the help of a build lists its options; others stand in front."""

WRITING = (
    *("template", "tokens", "date", "as_", "system", "shard_rows", "card"),
    *("carry", "margin", "messages"),
)
"""How rows are written that were kept: no concern of a look at the rows themselves."""


@dataclass(frozen=True)
class ExecutionOptions:
    """How to carry a build out: decides no byte of it."""

    force: Annotated[
        bool, Option("Build over an earlier build, and over what another one left unfinished.")
    ] = False
    engine: Annotated[str, Option("Where the work is done: {engines}.", "NAME")] = "local"
    workers: Annotated[
        int | None,
        Option("Processes that work at once; by default 1, or one a core for much data.", "N"),
    ] = None
    address: Annotated[
        str | None, Option("Of a Ray cluster: auto, HOST:6379, ray://HOST:10001.", "ADDRESS")
    ] = None
    batch_rows: Annotated[int | None, Option("At most N rows are worked on at a time.", "N")] = None
    prove: Annotated[
        str,
        Option("Rows that Jinja renders too, to check a compiled template: sample, all.", "ROWS"),
    ] = "sample"

    def first_pass(self) -> ExecutionOptions:
        """The same on this machine, where the folder lies that the first pass writes."""
        workers = self.workers if self.engine == "local" else None
        return replace(self, force=False, engine="local", address=None, workers=workers)


class BuildArguments(TypedDict, total=False):
    """The fields of the three, as keywords of `pairsmith.build`.

    Type checkers read it; a test holds it equal to the fields.
    """

    template: str | None
    tokens: Mapping[str, str] | None
    date: str | None
    as_: str | None
    system: str | None
    shard_rows: int
    policies: Mapping[str, str] | None
    pairs: str | None
    min_margin: float
    drop_weak: float
    carry: Iterable[str]
    margin: str | None
    messages: str
    mend: Iterable[str]
    drop: Iterable[str]
    flip: float | None
    smooth: float | None
    drop_doubted: float | None
    judge: str
    temperature: float
    apply: Iterable[str]
    card: Mapping[str, Any] | str | os.PathLike[str] | None
    subset: str | None
    split: str | None
    from_: str
    columns: Mapping[str, str] | str | None
    preference: str | None
    format: str | None
    force: bool
    engine: str
    workers: int | None
    address: str | None
    batch_rows: int | None
    prove: str


@dataclass(frozen=True)
class Options:
    """All options of a build.

    Attributes:
        build: What to make.
        source: How to read.
        execution: How to carry it out.
    """

    build: BuildOptions
    source: SourceOptions
    execution: ExecutionOptions

    @classmethod
    def of(cls, **given: Unpack[BuildArguments]) -> Options:
        """Sorts keywords into options.

        Raises:
            TypeError: A keyword is no option.
        """
        left: dict[str, Any] = dict(given)
        parts = [_take(kind, left) for kind in (BuildOptions, SourceOptions, ExecutionOptions)]
        for name in left:
            raise TypeError(f"build() got an unexpected keyword argument {name!r}")
        return cls(*parts)

    def first_pass(self) -> Options:
        """The same request without actions."""
        return Options(self.build.first_pass(), self.source, self.execution.first_pass())


def _take(kind: Any, left: dict[str, Any]) -> Any:
    """Makes options of one kind, of what is left."""
    return kind(
        **{field.name: left.pop(field.name) for field in fields(kind) if field.name in left}
    )
