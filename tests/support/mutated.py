"""Files of preference data with something wrong in them, each told by a number alone."""

import bz2
import copy
import csv
import gzip
import io
import json
import random
import signal
from contextlib import contextmanager
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

from support.annotated_shapes import ANNOTATED
from support.public_shapes import PUBLIC
from support.shapes import WRITE, example

SHAPES = {
    **{name: ([example(name, word) for word in ("dog", "cat", "fern")], ()) for name in WRITE},
    **{name: (held.rows, held.asked) for name, held in {**PUBLIC, **ANNOTATED}.items()},
}
"""Sound rows of every shape, and what has to be asked for."""

ENDINGS = (
    "jsonl", "jsonl", "ndjson", "json", "csv", "tsv", "parquet", "arrow", "feather", "jsonl.gz",
    "json.gz", "csv.gz", "jsonl.zst", "csv.zst", "tsv.gz",
)  # fmt: skip

DEEP = json.loads("[" * 90 + "]" * 90)
ODD = [
    None, True, 0, -1, 2.5, 10**30, float("nan"), float("inf"), "", " ", "tie", "x\0y", "\ud800",
    "7", "[1, 2]", '{"role": "user"}', "\n\nHuman: Hi.\n\nAssistant: Yes.", [], {}, [None], [[]],
    [{}], {"a": None}, ["a", 1], [["q", "a"], ["q"]], DEEP, 2**63, {"": {"": 1}},
    {"a.b": {"[]": 1}},
    [{"role": "user", "content": [{"type": "image_url"}]}], [{"role": "pirate", "content": "Arr."}],
    [{"role": "assistant", "content": "Mint.", "tool_calls": [{"function": {"name": "f"}}]}],
    {"role": "assistant", "content": "Sage.", "reasoning_content": "Hm."}, "n" * 9_000,
    {"messages": 5}, {"type": "text", "text": "Thyme."}, "<|im_start|>user\nHi.<|im_end|>\n",
]  # fmt: skip
NAMES = [
    "system", "tools", "history", "images", "context", "documents", "score_chosen", "metadata",
    "input", "messages", "prompt", "Chosen", "chosen.text", "reasoning", "a[]", "", " ", "label",
    "\ud800", "a\0b", "n" * 300,
]  # fmt: skip


class Mutant(NamedTuple):
    """A file.

    Attributes:
        name: Its name.
        data: Its bytes.
        asked: What has to be asked for, as keywords of a build.
        rows: The rows in it, where no byte of it was touched; else None.
        about: What it was made of, for whoever has to look.
    """

    name: str
    data: bytes
    asked: dict[str, str]
    rows: list[object] | None
    about: str


def make(number):
    """The file of a number."""
    dice = random.Random(number)
    shape = dice.choice([*SHAPES])
    sound, asked = SHAPES[shape]
    rows = [copy.deepcopy(dice.choice(sound)) for _ in range(dice.randrange(1, 14))]
    changed = [dice.choice(_OF_ROWS) for _ in range(dice.randrange(4))]
    for change in changed:
        rows = change(rows, dice)
    ending = dice.choice(ENDINGS)
    kind, _, packed = ending.partition(".")
    data, held = _write(rows, kind)
    touched = dice.choice(_OF_BYTES) if dice.random() < 0.5 else None
    late = dice.random() < 0.2
    if touched and not late:
        data = touched(data, dice)
    data = _PACK[packed](data)
    if touched and late:
        data = touched(data, dice)
    name = dice.choice(["train", "train", "test", "my data", "validation-1"]) + f".{ending}"
    if dice.random() < 0.08:
        name, touched = f"train.{dice.choice(ENDINGS)}", touched or _rename
    told = [change.__name__ for change in [*changed, touched] if change]
    keywords = {"preference": dict(asked)["preference"]} if "preference" in dict(asked) else {}
    return Mutant(name, data, keywords, None if touched else held, f"{shape}: {told}")


def _places(value, at=()):
    for key, held in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*at, key)
        if isinstance(held, dict | list):
            yield from _places(held, (*at, key))


def _change_value(rows, dice):
    """Puts something odd in a place of one row, or of all."""
    held = [place for place, row in enumerate(rows) if isinstance(row, dict) and row]
    if not held:
        return rows
    way = dice.choice([*_places(rows[dice.choice(held)])])
    odd = dice.choice(ODD)
    for place in held if dice.random() < 0.3 else [dice.choice(held)]:
        _put(rows[place], way, odd)
    return rows


def _put(row, way, odd):
    try:
        for key in way[:-1]:
            row = row[key]
        row[way[-1]] = copy.deepcopy(odd)
    except (LookupError, TypeError):
        pass  # this row has no such place


def break_row(row, dice):
    """The row with something odd in one place, or in one field more."""
    if dice.random() < 0.3:
        row.setdefault(dice.choice(NAMES), copy.deepcopy(dice.choice(ODD)))
    else:
        _put(row, dice.choice([*_places(row)]), dice.choice(ODD))
    return row


def _drop_field(rows, dice):
    row = dice.choice(rows)
    if isinstance(row, dict) and row:
        del row[dice.choice([*row])]
    return rows


def _rename_field(rows, dice):
    whole = dice.random() < 0.5
    names = [name for row in rows if isinstance(row, dict) for name in row]
    old, new = dice.choice(names or ["x"]), dice.choice(NAMES)
    for row in rows if whole else [dice.choice(rows)]:
        if isinstance(row, dict) and old in row:
            row[new] = row.pop(old)
    return rows


def _add_field(rows, dice):
    name, odd = dice.choice(NAMES), dice.choice(ODD)
    for row in rows if dice.random() < 0.5 else [dice.choice(rows)]:
        if isinstance(row, dict):
            row.setdefault(name, copy.deepcopy(odd))
    return rows


def _add_row_of_another_shape(rows, dice):
    other = copy.deepcopy(dice.choice(SHAPES[dice.choice([*SHAPES])][0]))
    rows.insert(dice.randrange(len(rows) + 1), other)
    return rows


def _add_what_is_no_row(rows, dice):
    rows.insert(dice.randrange(len(rows) + 1), dice.choice([None, 5, "row", [], [1], {}]))
    return rows


def _nest(rows, dice):
    name = dice.choice(["data", "row", "fields", "input"])
    return [{name: row} for row in rows]


def _as_text(rows, dice):
    """A field that is a list or an object as JSON or Python text."""
    way = dice.choice([json.dumps, repr])
    for row in rows:
        for name, held in row.items() if isinstance(row, dict) else ():
            if isinstance(held, dict | list):
                row[name] = way(held)
    return rows


_OF_ROWS = (
    *(_change_value, _change_value, _change_value, _drop_field, _rename_field, _add_field),
    *(_add_field, _add_row_of_another_shape, _add_what_is_no_row, _nest, _as_text),
)


_PACK = {"": bytes, "gz": lambda data: gzip.compress(data, mtime=0), "zst": zstd.compress}


def _write(rows, kind):
    """The bytes of rows in a format, and the rows that are in them where these are as given."""
    if kind in ("jsonl", "ndjson"):
        return "".join(json.dumps(row) + "\n" for row in rows).encode(), rows
    if kind == "json":
        return json.dumps(rows, indent=1).encode(), rows
    objects = [row for row in rows if isinstance(row, dict)]
    if kind in ("csv", "tsv"):
        return _delimited(objects, "\t" if kind == "tsv" else ","), None
    return _tabled(objects, kind)


def _delimited(rows, mark):
    text = io.StringIO()
    names = [*dict.fromkeys(name for row in rows for name in row)]
    writer = csv.DictWriter(text, names, delimiter=mark)
    writer.writeheader()
    for row in rows:
        texts = {n: v if isinstance(v, str) else json.dumps(v) for n, v in row.items()}
        writer.writerow({name: text.replace("\0", "") for name, text in texts.items()})
    return text.getvalue().encode(errors="replace")


def _tabled(rows, kind):
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):  # of no one type
            columns[name] = pa.array([json.dumps(value) for value in values])
    table = pa.table({n.encode(errors="replace").decode(): v for n, v in columns.items()})
    sink = io.BytesIO()
    if kind == "parquet":
        try:
            pq.write_table(table, sink)
        except pa.ArrowException:  # objects without fields
            pq.write_table(pa.table({"prompt": ["Is mint dry?"]}), sink)
    else:
        make_writer = pa.ipc.new_stream if kind == "arrow" else pa.ipc.new_file
        try:
            with make_writer(sink, table.schema) as writer:
                writer.write_table(table)
        except pa.ArrowException:  # nested too deeply
            return b"", None
    return sink.getvalue(), None


def _flip(data, dice):
    held = bytearray(data)
    for _ in range(dice.randrange(1, 9) if held else 0):
        held[dice.randrange(len(held))] = dice.randrange(256)
    return bytes(held)


def _cut_short(data, dice):
    return data[: dice.randrange(len(data) + 1)]


def _cut_out(data, dice):
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start + dice.randrange(40) :]


def _repeat(data, dice):
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start : start + dice.randrange(400)] * 2 + data[start:]


def _put_in_marks(data, dice):
    start = dice.randrange(len(data) + 1)
    mark = dice.choice(
        [b"\0", b"\n", b"\r\n", b"\xff", b"\xef\xbb\xbf", b'"', b",", b"[", b"{", b"}", b"\\u0000",
         b"\\", b"NaN", b"\n\n\n", b"[" * 50_000, b"\t", b"1e999", b"\xed\xa0\x80", b"//", b"\x1a"]
    )  # fmt: skip
    return data[:start] + mark + data[start:]


def _recode(data, dice):
    text = data.decode("utf-8", errors="replace")
    return text.encode(dice.choice(["utf-16", "utf-16-le", "utf-8-sig", "utf-32", "utf-7"]))


def _end_lines(data, dice):
    return data.replace(b"\n", dice.choice([b"\r\n", b"\r", b"\n\n", b"", b" \n\t"]))


def _pack_twice(data, dice):
    return dice.choice([gzip.compress, bz2.compress, zstd.compress])(data)


def _empty(data, dice):
    return dice.choice([b"", b"\n", b"{}", b"[]", b"null", b"\0" * 99, b"PAR1", b"PK\x03\x04"])


def _rename(data, dice):
    return data


_OF_BYTES = (
    *(_flip, _flip, _cut_short, _cut_short, _cut_out, _repeat, _put_in_marks, _put_in_marks),
    *(_recode, _end_lines, _pack_twice, _empty),
)


class TooLongError(BaseException):
    """What nothing catches: something went on for longer than it may."""


@contextmanager
def limit(seconds):
    """Ends what goes on for longer."""

    def ring(*_):
        raise TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
