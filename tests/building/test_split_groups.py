"""pairsmith split, and the raw rows of show, of sources whose rows are compared with each other."""

import gzip
import json

import pairsmith

ROWS = [
    {"prompt": f"How do I water plant {n}?", "completion": text, "label": text.startswith("Gently")}
    for n in range(40)
    for text in (f"Gently, {n} times.", f"With a hose, {n} times.")
]


def write(folder, rows):
    path = folder / "tea.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_split_of_rows_that_are_compared_holds_them_as_they_were(tmp_path):
    [share] = pairsmith.split(write(tmp_path, ROWS), tmp_path / "split", test=0.3)
    held = {
        side: [*map(json.loads, gzip.decompress(path.read_bytes()).splitlines())]
        for side in ("train", "test")
        for path in (tmp_path / "split").glob(f"*/{side}.jsonl.gz")
    }
    assert (share.read, share.train, share.test) == (80, len(held["train"]), len(held["test"]))
    assert sorted(map(str, [*held["train"], *held["test"]])) == sorted(map(str, ROWS))
    assert not {row["prompt"] for row in held["train"]} & {row["prompt"] for row in held["test"]}
    built = pairsmith.build(tmp_path / "split", tmp_path / "out")
    assert built.totals.kept == 40


def test_refused_groups_are_shown_as_the_rows_that_they_are(tmp_path, capfdbinary, monkeypatch):
    from pairsmith.cli import app

    same = [{**row, "label": True} for row in ROWS[:2]]
    pairsmith.build(write(tmp_path, [*ROWS[2:], *same]), tmp_path / "out")
    app(["show", str(tmp_path / "out"), "--reason", "any", "--raw"], standalone_mode=False)
    assert [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()] == same
