"""Second opinions: pairs with known flips are judged by people who err, and the build is mended."""

import json
import random
import secrets

import pytest

import pairsmith
from pairsmith.collecting import store
from pairsmith.collecting.collection import create_collection
from pairsmith.collecting.deciding import decide_labels, opinions_by_item
from pairsmith.collecting.export import export
from pairsmith.collecting.items import attempts_of_build, pairs_of_build
from pairsmith.collecting.opinions import annotate_opinions
from pairsmith.collecting.project import Mode
from pairsmith.collecting.quality.measure import measure
from pairsmith.collecting.tasks import Tasks, import_items
from pairsmith.errors import CollectionError
from support import collected
from support.built import shards_of
from support.slow import slow

RIGHT = 0.8


@pytest.fixture
def planted(tmp_path):
    """A build of pairs of which each tenth is the wrong way round."""
    return plant(tmp_path, 30)


def plant(tmp_path, count):
    """The source and the build of so many pairs."""
    rows = []
    for n in range(count):
        sides = ["A good reply.", "A poor reply."]
        chosen, rejected = sides[::-1] if n % 10 == 0 else sides
        prompt = [{"role": "user", "content": f"Is tea no. {n} hot?"}]
        said = [[{"role": "assistant", "content": f"{text} ({n})"}] for text in (chosen, rejected)]
        rows.append({"prompt": prompt, "chosen": said[0], "rejected": said[1]})
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairsmith.build(source, tmp_path / "out")
    return source


def _judged(folder, out, people, right, seed=1, **settings):
    """A collection in which simulated people judged the pairs of a build."""
    settings = {"mode": "relabel", "title": "Tea", "repeats": 0.04, **settings}
    collection = create_collection(folder, settings)
    import_items(collection, pairs_of_build(out))
    chance = random.Random(seed)
    tasks = Tasks(collection)
    for nth in range(people):
        while given := tasks.next(f"person {nth}"):
            good = "good" in given.item.chosen
            picks_good = chance.random() < right
            on_a = (good == picks_good) != given.task.swapped
            tasks.judge(f"person {nth}", given.task.id, given.token, -2 if on_a else 2)
    return collection


def test_wrong_labels_are_mended_by_people_who_are_always_right(planted, tmp_path):
    out = tmp_path / "out"
    with _judged(tmp_path / "c", out, 3, 1.0, opinions=3) as collection:
        made = annotate_opinions(collection, out, "mine")
    assert made.labels == {"agree": 27, "disagree": 3}
    assert made.said == 30
    [row] = made.of(["pairs/train/1"])["pairs/train/1"]
    assert (row["label"], row["opinions"], row["disagreeing"], row["strength"]) == (
        *("disagree", 3, 3),
        -2.0,
    )
    assert row["score"] < 0.05
    pairsmith.build(planted, out, apply=["mine"], force=True)
    rows = shards_of(out)
    assert len(rows) == 30
    assert all("good" in row["chosen"][0]["content"] for row in rows)
    assert sum("label_flipped" in row["notes"] for row in rows) == 3


def test_one_person_decides_alone_only_where_their_word_is_to_count(planted, tmp_path):
    out = tmp_path / "out"
    with _judged(tmp_path / "c", out, 1, 1.0, opinions=1, repeats=0) as collection:
        estimated = annotate_opinions(collection, out, "mine")
        trusted = annotate_opinions(collection, out, "mine", accuracy=0.99)
    assert estimated.labels.get("disagree", 0) == 0
    assert trusted.labels == {"agree": 27, "disagree": 3}


@pytest.fixture
def same_chances(monkeypatch):
    """The same sides, repeats and order in every run."""
    monkeypatch.setattr(secrets, "token_bytes", bytes)


@slow
def test_people_who_err_mend_most_and_harm_few(tmp_path, same_chances):
    source, out = plant(tmp_path, 200), tmp_path / "out"
    settings = {"opinions": 3, "most_opinions": 15}
    with _judged(tmp_path / "c", out, 16, RIGHT, **settings) as collection:
        annotate_opinions(collection, out, "mine", actions={"disagree": "flip", "agree": "leave"})
        board = Tasks(collection).read()
        opinions = [len(said) for said in opinions_by_item(board, Mode.RELABEL).values()]
    pairsmith.build(source, out, apply=["mine"], force=True)
    wrong = [n for n, row in enumerate(shards_of(out)) if "good" not in row["chosen"][0]["content"]]
    flips = [n for n in wrong if n % 10 == 0]
    asked = sum(opinions) / len(opinions)
    assert len(flips) <= 2, (flips, asked)  # of 20: 90 % are mended
    assert len(wrong) - len(flips) <= 3, (wrong, asked)  # of 180: fewer than 2 % are harmed
    assert 3 <= asked < 6


@slow
def test_people_who_err_mend_most_in_many_collections(tmp_path, monkeypatch):
    """Of one collection 20 labels are wrong, which is few; of eight it is 160."""
    connect = store._connect

    def connect_fast(path):
        db = connect(path)
        db.execute("PRAGMA synchronous = OFF")  # no power is cut here
        return db

    monkeypatch.setattr(store, "_connect", connect_fast)
    plant(tmp_path, 200)
    mended, harmed, opinions, agreeing = 0, 0, [], []
    for seed in range(8):
        monkeypatch.setattr(secrets, "token_bytes", lambda many, seed=seed: bytes([seed]) * many)
        folder = tmp_path / f"c{seed}"
        with _judged(folder, tmp_path / "out", 16, RIGHT, seed, opinions=3) as collection:
            board = Tasks(collection).read()
            for item, one in decide_labels(board, Mode.RELABEL).items():
                planted = (int(item.rpartition("/")[2]) - 1) % 10 == 0
                mended += planted and one.verdict == "flip"
                harmed += not planted and one.verdict == "flip"
            opinions += map(len, opinions_by_item(board, Mode.RELABEL).values())
            agreeing.append(measure(collection).agreed)
    assert mended >= 0.9 * 160
    assert harmed < 0.02 * 1440
    assert 3 <= sum(opinions) / 1600 < 6
    # two people who are right in 80 % of cases agree in 68 %: of the first three, not of all
    assert sum(one.pairwise.low < 0.68 < one.pairwise.high for one in agreeing) >= 6
    assert all(one.pairwise.ratings == 600 for one in agreeing)
    # α of two sides is 2 P - 1
    assert sum(one.side.low < 0.36 < one.side.high for one in agreeing) >= 6


def test_what_was_adjudicated_is_decided(planted, tmp_path):
    out = tmp_path / "out"
    with create_collection(tmp_path / "c", {"mode": "relabel", "title": "Tea"}) as collection:
        import_items(collection, pairs_of_build(out), 3)
        tasks = Tasks(collection)
        first, second, third = tasks.read().order
        tasks.adjudicate("owner", first, agrees=False, said="It says nothing of tea.")
        tasks.adjudicate("owner", second, agrees=True)
        assert tasks.next("ann").item.id == third
        with pytest.raises(CollectionError, match="no item"):
            tasks.adjudicate("owner", "pairs/train/99", agrees=True)
        made = annotate_opinions(collection, out, "mine")
    assert made.labels == {"agree": 1, "disagree": 1}
    [said] = made.of([first])[first]
    assert said["score"] == 0.01
    assert said["detail"].startswith("adjudicated")
    assert said["opinions"] == 0


def test_judgements_are_a_source_too(planted, tmp_path):
    with _judged(tmp_path / "c", tmp_path / "out", 1, 1.0, opinions=1, repeats=0) as collection:
        made = export(collection)
        number = collection.pseudonym("person 0")
    [entry] = made.ledger
    assert (entry.subset, entry.kept, entry.read) == ("pairs", 30, 30)
    rows = [
        json.loads(line) for line in (tmp_path / "c/pairs/train.jsonl").read_text().splitlines()
    ]
    assert all("good" in row["chosen"][0]["content"] for row in rows)
    assert sum(not row["agrees"] for row in rows) == 3
    assert {row["annotator"] for row in rows} == {number}
    assert {row["strength"] for row in rows} == {2}
    assert pairsmith.build(tmp_path / "c", tmp_path / "again").totals.kept == 30


def test_reviews_are_statements_by_tag(tmp_path):
    pairsmith.build("sample", tmp_path / "out")
    settings = {"mode": "review", "title": "Tea", "tags": ["rude", "odd"], "opinions": 2}
    with create_collection(tmp_path / "c", settings) as collection:
        import_items(collection, attempts_of_build(tmp_path / "out"), 1)
        tasks = Tasks(collection)
        for who, tags in (("ann", ["rude", "odd"]), ("ben", [])):
            given = tasks.next(who)
            assert tasks.review(who, given.task.id, given.token, tags, 3).stored
        made = annotate_opinions(collection, tmp_path / "out")
        assert made.labels == {"odd": 1, "rude": 1}
        assert made.statements == 3
        [said] = made.of(made.first_ids(1)).values()
        assert {one["score"] for one in said} == {3.0}
        assert {one["reviewer"] for one in said} == {*map(collection.pseudonym, ("ann", "ben"))}


def test_a_collection_of_conversations_annotates_nothing(tmp_path):
    made = collected.begin(tmp_path / "c")
    with made as collection, pytest.raises(CollectionError, match="no build"):
        annotate_opinions(collection, tmp_path)
