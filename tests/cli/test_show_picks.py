"""pairsmith show --search, --split, --random, --from: which rows are left, and what is refused."""

import json
from collections import Counter

import pytest

import pairsmith
from pairsmith.dataset.picking import Cut

KINDS = ("mint", "thyme", "Ränder", "sage")
ROWS = 40


def pair(number, kind):
    asked = [{"role": "user", "content": f"How is my {kind} number {number}?"}]
    chosen = [{"role": "assistant", "content": f"It wants water, drop {number}."}]
    rejected = [{"role": "assistant", "content": f"It STRASSE wants {kind}shade."}]
    return {"prompt": asked, "chosen": chosen, "rejected": rejected}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """40 rows of train and 4 of test, of four plants by turns; one of train is refused."""
    folder = tmp_path_factory.mktemp("plants")
    held = [pair(n, KINDS[n % 4]) for n in range(1, ROWS + 1)]
    held[6]["chosen"] = [{"role": "assistant", "content": ""}]
    for split, rows in (("train", held), ("test", held[:4])):
        lines = [json.dumps(row) for row in rows]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    pairsmith.build(folder, folder / "out", template="chatml")
    return folder / "out"


@pytest.fixture
def ids(run, out):
    """The ids that `show` prints."""

    def shown(*options):
        code, printed, errors = run("show", out, "--json", *options)
        assert code == 0, errors
        return [json.loads(line)["id"] for line in printed.splitlines()]

    return shown


def test_all_words_are_searched_whatever_their_case(ids):
    [found] = ids("--search", "NUMBER 12?")  # the words, each anywhere: 12 stands in drop 12 alone
    assert found.endswith("/train/12")
    assert len(ids("--search", "mint shade", "-n", 99, "--split", "train")) == 10
    assert ids("--search", "mint thyme", "-n", 99) == []
    assert len(ids("--search", "RÄNDER straße", "-n", 99, "--split", "train")) == 10
    decomposed = "ra\N{COMBINING DIAERESIS}nder"
    assert len(ids("--search", decomposed, "-n", 99, "--split", "test")) == 1


@pytest.mark.parametrize(
    ("options", "goes_on"),
    [([], 4), (["--from", "4"], 7), (["--from", "9999"], None), (["-n", "1"], None)],
    ids=["first", "next", "end", "count"],
)
def test_it_is_said_that_there_are_more(options, goes_on, run, out):
    code, _, errors = run("show", out, "--split", "train", *options)
    assert code == 0
    assert (f"--from {goes_on} goes on" in errors) == (goes_on is not None)
    assert run("show", out, "--json", *options)[2] in ("", f"{out} has no such rows.\n")


def test_as_many_rows_as_are_shown_are_all(run, out):
    shown = json.loads((out / "manifest.json").read_text())["ledger"]
    last = sum(entry["kept"] for entry in shown) - 2
    assert run("show", out, "--from", str(last))[2] == ""
    assert "There are more" in run("show", out, "--from", str(last - 1))[2]


def test_refused_rows_are_searched_too(ids):
    assert len(ids("--reason", "any", "--search", "sage 7")) == 1
    assert ids("--reason", "any", "--search", "mint") == []


def test_rows_go_on_from_the_nth_that_is_left(ids):
    every = ids("--split", "train", "-n", 99)
    assert len(every) == ROWS - 1
    assert ids("--split", "train", "--from", 5) == every[4:7]
    assert ids("--split", "train", "--from", 39, "-n", 5) == every[38:]
    mint = ids("--search", "mint", "-n", 99)
    assert ids("--search", "mint", "--from", 2, "-n", 2) == mint[1:3]
    assert ids("--from", 900) == []


def test_rows_at_random_are_the_same_for_the_same_seed(ids):
    every = ids("-n", 99)
    some = ids("--random", 5)
    assert len(some) == len({*some}) == 5
    assert some == [id for id in every if id in some], "in the order of the build"
    assert some == ids("--random", 5, "--seed", 0)
    assert some != ids("--random", 5, "--seed", 1)
    assert ids("--random", 99) == every
    mint = ids("--search", "mint", "-n", 99)
    assert {*ids("--random", 4, "--search", "mint", "--seed", 3)} < {*mint}


@pytest.mark.parametrize("count", [1, 3])
def test_each_row_has_the_same_chance(count):
    draws = Counter(row for seed in range(4_000) for row in Cut(count, 1, seed).of(range(8)))
    expected = 4_000 * count / 8
    chi = sum((draws[row] - expected) ** 2 / expected for row in range(8))
    assert chi < 29  # of 7 degrees of freedom: one in ten thousand is above


def test_the_rows_of_an_annotation_are_searched_and_drawn(ids, out):
    said = [{"id": id, "label": "dry"} for id in reversed(ids("--search", "mint", "-n", 99))]
    annotator = pairsmith.Annotator("a gardener", "1")
    pairsmith.annotate(out, "dry", [*said, *said], annotator)
    dry = [row["id"] for row in said]
    assert ids("--annotation", "dry", "-n", 99) == dry
    assert ids("--annotation", "dry", "--from", 3, "-n", 2) == dry[2:4]
    assert ids("--annotation", "dry", "--split", "test") == [id for id in dry if "/test/" in id]
    assert ids("--annotation", "dry:dry", "--search", "drop 16") == [
        id for id in dry if id.endswith("/16")
    ]
    drawn = ids("--annotation", "dry", "--random", 3)
    assert drawn == [id for id in dry if id in drawn]


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("{pairs}/train/41", "{pairs}/train/40"),
        ("{pairs}/train/99999999999", "{pairs}/train/40"),
        ("{pairs}/train/0", "{pairs}/train/1"),
        ("{pairs}/tset/3", "{pairs}/test/3"),
        ("PAIRS/Train/5", "pairs/train/5"),
        ("{pairs}/train/2-5", "{pairs}/train/5"),
        ("x" * 9_000 + "/train/7", "{pairs}/train/7"),
    ],
    ids=["behind", "far", "before", "split", "capitals", "file", "long"],
)
def test_an_id_that_is_not_there_names_the_nearest(run, ids, out, asked, near):
    place = ids("-n", 1)[0].partition("/")[0]
    code, printed, errors = run("show", out, "--id", asked.format(pairs=place))
    assert (code, printed) == (2, "")
    assert f"The nearest is {near.format(pairs=place)}." in errors


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--search", "tea " * 2_500], "A search of 10,000 characters is too long."),
        (["--search", " \t"], "nothing to search for"),
        (["--split", "tset"], "has no split 'tset'"),
        (["--random", 0], "--random 0 is no number from 1 to 10,000."),
        (["--random", 10_001], "no number from 1"),
        (["--from", -2], "--from -2 is no number from 1 on."),
        (["--seed", 4], "Add --random N."),
        (["--random", 4, "-n", 3], "Leave -n out"),
        (["--random", 4, "--from", 3], "Leave --from out"),
        (["--id", "pairs/train/1", "--random", 2], "Leave --random out"),
    ],
    ids=lambda value: value[0].strip("-") if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_a_sentence(run, out, options, said):
    code, printed, errors = run("show", out, *options)
    assert (code, printed) == (2, "")
    assert said in errors


@pytest.mark.parametrize(
    "args",
    [("show", "x" * 20_000), ("show", "{out}", "--id", "x" * 20_000)],
    ids=["a folder", "an id"],
)
def test_what_is_much_too_long_is_one_short_message(run, out, args):
    code, printed, errors = run(*(out if arg == "{out}" else arg for arg in args))
    assert (code, printed) == (2, "")
    assert errors.startswith("pairsmith: ")
    assert len(errors) < 800


def test_bytes_that_are_no_utf_8_are_told(run, out, ids):
    (found,) = ids("-n", 1)
    code, _, errors = run("show", out, "--id", found + "\udcff")
    assert (code, errors.splitlines()[0]) == (2, "pairsmith: What was typed is not UTF-8.")
