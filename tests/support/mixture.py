"""A small source of every kind of file, awkward ones above all."""

import gzip
import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq


def pair(number, size=3):
    """A row that is kept: one of the longer ones now and then."""
    more = "\n\nAssistant: Go on.\n\nHuman: Well then." * (number % size)
    words = "far " * (number * 7 % 40)
    prompt = f"\n\nHuman: How far is it to {number}? {words}é{more}\n\nAssistant:"
    return {"chosen": f"{prompt} {number} miles.", "rejected": f"{prompt} Far, {words}or near."}


def line(number):
    """A row as JSON; every 11th is refused, for one reason or another."""
    row = pair(number)
    if number % 11 == 0:
        odd = number // 11 % 3
        row = [{**row, "rejected": row["chosen"]}, {**row, "chosen": 1}, {**row, "chosen": "Hi"}][
            odd
        ]
    return json.dumps(row, ensure_ascii=number % 2 == 0).encode()


def ragged(count):
    """JSON lines with a byte order mark, blank lines, both line ends, and white space."""
    parts = [b"\xef\xbb\xbf"]
    for number in range(count):
        parts.append(b"" if number % 5 else b"\n \t\n")
        parts.append((b"  " if number % 7 == 0 else b"") + line(number))
        parts.append(b"\r\n" if number % 3 else b" \n")
        if number % 13 == 0:
            parts.append(b"\xff not text\n")
    return b"".join(parts)


def attempt(number):
    """A red-team row."""
    talk = f"\n\nHuman: Try {number}.\n\nAssistant: No.\n\nHuman: Why?\n\nAssistant: {number}."
    row = {
        "transcript": talk,
        "min_harmlessness_score_transcript": -number / 7,
        "rating": number % 5,
    }
    return json.dumps(row if number % 9 else {"transcript": 3}).encode()


def write_parquet(path, count):
    """Rows of which some are refused, in row groups of odd sizes."""
    rows = [pair(number) for number in range(count)]
    for row in rows[::10]:
        row["rejected"] = row["chosen"]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=max(count // 7, 1))


def write_mixture(folder, rows=3000):
    """Writes a source; `rows` are those of its largest file.

    The first 100 rows and more of a split are refused, all of another.
    """
    for name in ("harmless-base", "helpful-base", "helpful-online", "red-team-attempts"):
        (folder / name).mkdir(parents=True)
    few = rows // 3
    content = b"\n".join(line(number) for number in range(rows)) + b"\n"
    (folder / "harmless-base" / "train.jsonl.gz").write_bytes(gzip.compress(content, 1, mtime=0))
    (folder / "harmless-base" / "test.jsonl").write_bytes(ragged(few))
    plain = [b"refused"] * (few // 2) + [line(number) for number in range(few)]
    (folder / "helpful-base" / "train.jsonl").write_bytes(b"\n".join(plain))
    write_parquet(folder / "helpful-base" / "test.parquet", few)
    array = json.dumps([pair(number) for number in range(few)], indent=1)
    (folder / "helpful-online" / "train.json").write_text(array)
    (folder / "helpful-online" / "test.jsonl").write_bytes((line(33) + b"\n") * (few // 2))
    attempts = b"\n".join(attempt(number) for number in range(few)) + b"\n"
    (folder / "red-team-attempts" / "red_team_attempts.jsonl").write_bytes(attempts)
    return folder


def hashes(out):
    """By path, the sha256 of every file in a folder."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
