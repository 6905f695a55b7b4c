"""Statements: what the files of an annotation say of rows, joined to the rows by their id.

Parts have the columns `id` and `label` (text), `score` (a number) and `detail` (text), of which
all but `id` may be missing or null; other columns are not looked at. There may be any number of
statements of one row. What sorting and filtering want is gathered first, by id and label; the
details are read only of rows that are on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

from pairsmith.hub.viewer.connection import Table, described_columns, relation, unreadable
from pairsmith.hub.viewer.footers import first_files
from pairsmith.hub.viewer.sources import Source, UnreadableError, paths_of

Order = Literal["", "highest", "lowest"]
FIELDS = ("id", "label", "score", "detail")
MAX_STATEMENTS = 5  # statements of a row that are shown
MAX_LABEL_CHARS = 200  # characters
MAX_DETAIL_CHARS = 1_000
MAX_LABELS = 50  # in the menu
NUMBERS = frozenset(
    (
        "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint",
        "uinteger", "ubigint", "uhugeint", "float", "double", "decimal",
    )
)  # fmt: skip
# of rows that are joined to what is said of them; $label is '' for statements of any label
SCORES = (
    "(SELECT id, min(score) AS low, max(score) AS high FROM said"
    " WHERE ($label = '' OR label = $label)"
    " AND ($least IS NULL OR score >= $least) AND ($most IS NULL OR score <= $most)"
    " GROUP BY id) AS scores"
)
ORDERS: dict[Order, str] = {
    "": "",
    "highest": "high DESC NULLS LAST",
    "lowest": "low ASC NULLS LAST",
}


class Question(NamedTuple):
    """What is asked of an annotation.

    Attributes:
        sources: Its parts, in order; at least one.
        label: Only rows of which a statement has this label; '' for all rows.
        order: By the score of a row's statements, those without one last; '' for the files' order.
        least: Only rows of which a statement, of that label, has at least this score; None for all.
        most: At most this one.
    """

    sources: Sequence[Source]
    label: str = ""
    order: Order = ""
    least: float | None = None
    most: float | None = None

    @property
    def filters(self) -> bool:
        """Whether it decides which rows are shown."""
        return bool(self.label) or self.least is not None or self.most is not None

    @property
    def selects(self) -> bool:
        """Whether it decides which rows are shown, or in what order."""
        return self.filters or bool(self.order)

    @property
    def values(self) -> dict[str, object]:
        """The parameters of `SCORES`."""
        return {"label": self.label, "least": self.least, "most": self.most}


class Statement(NamedTuple):
    """What is said of a row; `left_out` is how many characters more the detail has."""

    label: str | None
    score: float | None
    detail: str | None
    left_out: int = 0


class Statements(NamedTuple):
    """The first statements of a row, and how many there are in all."""

    first: list[Statement]
    total: int


class Label(NamedTuple):
    """A label, and of how many ids a statement has it."""

    name: str
    rows: int


class Loaded(NamedTuple):
    """An annotation whose labels and scores are in the database, as its table `said`.

    Attributes:
        table: The rows that it is about.
        question: What is asked of it.
        id: Which column of the rows is their id.
        select: The four columns of its files, as SQL.
        relation: Its files, `$said`, as SQL.
        labels: Its labels, the most frequent first; at most `MAX_LABELS`.
    """

    table: Table
    question: Question
    id: int
    select: str
    relation: str
    labels: list[Label]

    @property
    def values(self) -> dict[str, object]:
        """The parameter of `relation`."""
        return {"said": paths_of(self.question.sources)}


def load(table: Table, question: Question) -> Loaded:
    """Gathers the labels and scores of an annotation in the database.

    Raises:
        UnreadableError: The rows have no id, or the files are not those of an annotation.
    """
    kinds = {column.name: (at, column.kind) for at, column in enumerate(table.columns)}
    at, kind = kinds.get("id", (0, ""))
    if kind != "text":
        raise UnreadableError(
            "These rows have no column id of text; an annotation names each row by its id."
        )
    with _reading(question.sources):
        if len(first_files(table.db, question.sources)) < len(question.sources):
            raise UnreadableError("Its parts have more columns than the viewer reads together.")
        columns = described_columns(table.db, paths_of(question.sources))
        select = _select({name: (at, type.id) for at, (name, type) in enumerate(columns)})
        loaded = Loaded(table, question, at, select, relation(len(columns), "said"), [])
        table.db.execute(
            "CREATE TEMP TABLE said AS SELECT DISTINCT id, label, score"
            f" FROM (SELECT {select} FROM {loaded.relation}) WHERE id IS NOT NULL",
            loaded.values,
        )
    labels = table.db.execute(
        "SELECT label, count(DISTINCT id) AS n FROM said WHERE label IS NOT NULL"
        f" GROUP BY label ORDER BY n DESC, label LIMIT {MAX_LABELS}"
    ).fetchall()
    return loaded._replace(labels=[Label(*row) for row in labels])


def of_rows(loaded: Loaded, ids: Sequence[str]) -> dict[str, Statements]:
    """What is said of rows, by their ids; those with the label that is asked for come first.

    Args:
        loaded: The annotation.
        ids: The ids of the rows.
    """
    values = {**loaded.values, "ids": list(ids), "label": loaded.question.label}
    with _reading(loaded.question.sources):
        rows = loaded.table.db.execute(
            "SELECT id, label, score, detail, size, count(*) OVER (PARTITION BY id)"
            f" FROM (SELECT {loaded.select}, row_number() OVER () AS nth FROM {loaded.relation})"
            " WHERE list_contains($ids, id)"
            " QUALIFY row_number() OVER"
            f" (PARTITION BY id ORDER BY label IS DISTINCT FROM $label, nth) <= {MAX_STATEMENTS}"
            " ORDER BY label IS DISTINCT FROM $label, nth",
            values,
        ).fetchall()
    found: dict[str, Statements] = {}
    for id, label, score, detail, size, total in rows:
        left_out = 0 if detail is None else size - len(detail)
        said = found.setdefault(id, Statements([], total))
        said.first.append(Statement(label, score, detail, left_out))
    return found


def _select(columns: dict[str, tuple[int, str]]) -> str:
    """The select list that makes `id`, `label`, `score`, `detail` and its `size` of the columns.

    Args:
        columns: By name, where a column is and the id of its type.

    Raises:
        UnreadableError: There is no id of text, or a score is no number.
    """
    for name, types in (("id", {"varchar"}), ("score", {*NUMBERS, "null"})):
        if name in columns and columns[name][1] not in types:
            kind = "text" if name == "id" else "a number"
            raise UnreadableError(f"Its column {name} is not {kind}.")
    if "id" not in columns:
        raise UnreadableError("It has no column id.")
    sql = {name: f"c{columns[name][0]}" if name in columns else "NULL" for name in FIELDS}
    score = f"CAST({sql['score']} AS DOUBLE)"
    detail = f"CAST({sql['detail']} AS VARCHAR)"
    return (
        f"{sql['id']} AS id, left(CAST({sql['label']} AS VARCHAR), {MAX_LABEL_CHARS}) AS label,"
        f" CASE WHEN isfinite({score}) THEN {score} END AS score,"
        f" left({detail}, {MAX_DETAIL_CHARS}) AS detail, length({detail}) AS size"
    )


@contextmanager
def _reading(sources: Sequence[Source]) -> Iterator[None]:
    """Tells what is wrong with the files of an annotation by their names."""
    import duckdb

    try:
        yield
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise  # that is no matter of these files alone
    except UnreadableError as error:
        folder = sources[0].name.rpartition("/")[0]
        raise UnreadableError(f"{folder} is no annotation that can be shown. {error}") from error
    except (duckdb.Error, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(unreadable(sources, error, "this annotation")) from error
