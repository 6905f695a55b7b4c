"""Labels doubted by an annotation: its margins, turned into decisions on rows of train."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.doubts import check_judge, doubted_rows
from pairsmith.building.applied import find_annotation
from pairsmith.building.options import BuildOptions
from pairsmith.dataset.annotation import Annotation, BuildId
from pairsmith.dataset.annotations import check_bound
from pairsmith.dataset.margins import COLUMN, is_of_exchanged, read_margins
from pairsmith.errors import AnnotationError, RecipeError
from pairsmith.io.remote import StoragePath
from pairsmith.schema.annotations import Judge
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import Kind
from pairsmith.schema.splits import is_held_out
from pairsmith.sources.layouts import SourceFile

LINEAR = "linear"
"""The judge that is trained on the rows themselves, and no annotation."""


@dataclass(frozen=True)
class JudgingAnnotation:
    """An annotation by whose margins labels are doubted.

    Attributes:
        annotation: The annotation.
        temperature: What its margins are divided by to be log-odds.
    """

    annotation: Annotation
    temperature: float

    @property
    def entry(self) -> Judge:
        """As the recipe holds it."""
        return Judge(self.annotation.name, self.annotation.sha256, self.temperature)

    def decide(
        self, files: Sequence[SourceFile], inputs: Mapping[str, str], recipe: Recipe
    ) -> pa.Table:
        """Decides on the rows of train whose label the annotation doubts.

        Args:
            files: The source's files.
            inputs: The sha256 of each, by path.
            recipe: Tells by how much a label is to be doubted, and what is done then.

        Returns:
            Rows of `STATEMENTS`, no id twice.

        Raises:
            AnnotationError: It is of other rows, has no margins, or agrees with labels no more
                than chance does.
        """
        splits = [*dict.fromkeys(f"{file.subset}/{file.split}" for file in files)]
        build = BuildId("", recipe.shape, dict(inputs), splits)
        check_bound(self.annotation, build, "the one that is asked for")
        pairs = [file for file in files if file.kind == Kind.PAIRS]
        judged = _of_places(read_margins(self.annotation), pairs)
        name = f"The annotation {self.annotation.name}"
        if not len(judged):
            raise AnnotationError(f"{name} gives no pair of these files a margin.")
        try:
            check_judge(judged[COLUMN].to_numpy(), name)
        except UnansweredError as error:
            raise AnnotationError(str(error), "Leave out what asks for it.") from None
        mine = _of_places(judged, [file for file in pairs if not is_held_out(file.split)])
        log_odds = mine[COLUMN].to_numpy() / self.temperature
        return doubted_rows(mine["id"].combine_chunks(), log_odds, recipe, self.annotation.name)


def _of_places(table: pa.Table, files: Sequence[SourceFile]) -> pa.Table:
    """The rows of a table whose id is of one of some files."""
    mine = pa.array([False] * len(table))
    for place in dict.fromkeys(f"{file.subset}/{file.split}/" for file in files):
        mine = pc.or_(mine, pc.starts_with(table["id"].combine_chunks(), place))
    return table.filter(mine)


def open_judge(out: StoragePath, options: BuildOptions) -> JudgingAnnotation | None:
    """Opens the annotation by which labels are doubted; None for the judge `linear`.

    Args:
        out: The folder of the build, beside whose earlier build it lies.
        options: What to make.

    Raises:
        RecipeError: Nothing asks for a judge, or the temperature is none.
        AnnotationError: There is no such annotation, it is damaged, or it is of labels that a
            build had exchanged.
    """
    if options.judge == LINEAR:
        if options.temperature != 1:
            raise RecipeError(
                "The judge linear has no temperature.", "Name an annotation with --judge."
            )
        return None
    if not options.judges:
        raise RecipeError(
            f"A judge is named, {options.judge}, but no label is to be doubted.",
            "Add --flip, --smooth or --drop-doubted.",
        )
    if not 0 < options.temperature < math.inf:
        raise RecipeError(
            f"A temperature of {options.temperature} cannot divide margins.",
            "Use a number above 0; pairsmith evaluate names the one that fits.",
        )
    annotation = find_annotation(out, options.judge)
    if is_of_exchanged(annotation):
        raise AnnotationError(
            f"The annotation {annotation.name} is of a build that had exchanged labels: its "
            "margins are of those, and not of the source's.",
            "Score a build without --flip, and name that annotation.",
        )
    return JudgingAnnotation(annotation, float(options.temperature))
