"""A view: the rows that a page shows, made ready to be shown, from files alone.

All that depends on how much others stored, and how, happens here: manifests, footers, rows, their
differences. So `make_view` is a function of paths and numbers, which a process apart can be given.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pairsmith.hub.repos.files import File
from pairsmith.hub.viewer.annotations import Annotation, is_of_another_build, read_parts
from pairsmith.hub.viewer.query import Rows, read_page, read_row
from pairsmith.hub.viewer.sides import RenderedRow, are_pairs, render_row
from pairsmith.hub.viewer.sources import Source, UnreadableError
from pairsmith.hub.viewer.statements import Order, Question
from pairsmith.hub.viewer.wanted import Wanted


class Asked(NamedTuple):
    """What is asked of the files of a split.

    Attributes:
        sources: The files, in order; at least one.
        blobs: Where the contents of annotations lie, by their SHA-256.
        page: Which page, from 1.
        row: One row, from 1; None for a page of them.
        search: A text; '' for none.
        annotation: The annotation that is shown with the rows; None for none.
        label: Only rows of which it has this label; '' for all.
        order: How its scores sort the rows; '' for not at all.
        build: The manifest of the build at this commit, if there is one.
        id: The id of one row; '' for none.
        wanted: What else is asked of the rows.
        scores: The least and the highest score that the annotation may give; None for any.
    """

    sources: Sequence[Source]
    blobs: dict[str, Path]
    page: int = 1
    row: int | None = None
    search: str = ""
    annotation: Annotation | None = None
    label: str = ""
    order: Order = ""
    build: File | None = None
    id: str = ""
    wanted: Wanted = Wanted()
    scores: tuple[float | None, float | None] = (None, None)


class View(NamedTuple):
    """What a page shows, or why it shows nothing, and what to warn of besides.

    Attributes:
        rows: What there is to say of the rows, without their values; None where there are none.
        pairs: Whether they are a chosen reply beside a rejected one.
        shown: The rows.
        fault: Why there are none; '' where there are.
        warning: A sentence; '' for none.
    """

    rows: Rows | None = None
    pairs: bool = False
    shown: Sequence[RenderedRow] = ()
    fault: str = ""
    warning: str = ""


def make_view(asked: Asked) -> View:
    """Reads what is asked for and makes it ready.

    Raises:
        HubError: 503 where it takes too long.
    """
    try:
        question, warning = _question(asked)
        rows = _rows(asked, question)
    except UnreadableError as error:
        return View(fault=str(error))
    shown = [render_row(rows.columns, row) for row in rows.rows]
    return View(rows._replace(rows=[]), are_pairs(rows.columns), shown, warning=warning)


def _question(asked: Asked) -> tuple[Question | None, str]:
    """What is asked of the annotation that is shown, and what to warn of.

    Raises:
        UnreadableError: The annotation is not whole.
    """
    annotation, blobs, build = asked.annotation, asked.blobs, asked.build
    if annotation is None:
        return None, ""
    listed = read_parts(annotation, blobs[annotation.manifest.blob])
    warning = ""
    if is_of_another_build(listed, build, blobs[build.blob] if build else None):
        warning = f"{annotation.name} is of another build: what it says may be of other rows."
    parts = [Source(part.path, blobs[part.blob]) for part in listed.parts]
    return Question(parts, asked.label, asked.order, *asked.scores), warning


def _rows(asked: Asked, question: Question | None) -> Rows:
    if asked.row is not None or asked.id:
        return read_row(asked.sources, asked.row or 0, question, asked.id)
    return read_page(asked.sources, asked.page, asked.search, question, asked.wanted)
