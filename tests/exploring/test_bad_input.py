"""pairsmith explore on rows that say little: each question says why, and the others go on."""

import json
import unicodedata
from html.parser import HTMLParser

import pytest

import pairsmith
from pairsmith.exploring.questions import OF_DIALOGUES
from pairsmith.text.sanitize import JOINERS, STEERING
from support.annotated import tree
from support.planted_attempts import build_rows, plant
from support.planted_words import talk
from support.slow import quick, slow

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt;</pre>]]>{{ 7*7 }}{% raw %}"
STEER = "a\x07b\x1b[31m\u202eright\u2066\u200b\ufeff\x7f\u2028\U000e0041"
ARABIC = "ماء شاي ورد بستان سفينة خبز قطار نجمة"
HEBREW = "גן ספינה לחם רכבת כוכב דבורה"
CHINESE = "花园里的苔藓和茶壶还有火车与面包"
JAPANESE = "庭の苔とお茶、電車とパンと星"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A build of few attacks. What a test writes into it, it takes away."""
    folder = tmp_path_factory.mktemp("few")
    return build_rows(folder, plant(60, seed=1).rows)


def change(**fields):
    """Rows with fields as told; of a function the value for the row's number."""

    def changed(rows):
        return [
            {**row, **{k: v(place) if callable(v) else v for k, v in fields.items()}}
            for place, row in enumerate(rows)
        ]

    return changed


def drop(*names):
    return lambda rows: [{k: v for k, v in row.items() if k not in names} for row in rows]


def say(*texts, alone=False):
    """Rows that say these texts before what they said, or in place of it."""

    def changed(rows):
        for place, row in enumerate(rows):
            strange = texts[place % len(texts)]
            row["task_description"] = f"{strange} {'' if alone else row['task_description']}"
            turns = ["", strange, "", strange] if alone else row["transcript"].split(": ")[1:]
            row["transcript"] = talk([f"{strange} {turn.split(chr(10))[0]}" for turn in turns])
        return rows

    return changed


SCORES = ("min_harmlessness_score_transcript", "task_descripton_harmlessness_score")
CASES = {
    "as it is": lambda rows: rows,
    "no ratings": change(rating=None),
    "few ratings": change(rating=lambda place: 4.0 * (place % 2) if place < 6 else None),
    "one model type": change(model_type="rlhf"),
    "one model": change(model_type="rlhf", num_params="13B"),
    "no models": drop("model_type", "num_params"),
    "strange models": change(model_type=MARKUP, num_params=STEER),
    "a model a row": change(model_type=lambda place: f"kind {place}", num_params=str),
    "one member": change(red_team_member_id=5),
    "a member a row": change(red_team_member_id=lambda place: place),
    "no members": drop("red_team_member_id", "is_upworker"),
    "all successes": change(rating=4.0),
    "all failures": change(rating=0.0),
    "ratings beyond": change(rating=lambda place: (1e300, 7.0, 2.5, -7.0)[place % 4]),
    "no scores": drop(*SCORES),
    "some scores": change(**{SCORES[0]: lambda place: None if place % 3 else 0.25 * place}),
    "one score": change(**dict.fromkeys(SCORES, 1.0)),
    "scores beyond": change(**{SCORES[0]: lambda place: 1e308 * (-1) ** place}),
    "no tags": change(tags=None),
    "strange tags": change(tags=lambda place: [MARKUP, "", " ", STEER, "a" * 5000][place % 6 :]),
    "a tag a row": change(tags=lambda place: [f"tag {place}"]),
    "no tasks": drop("task_description"),
    "one text": say("may I have some tea", alone=True),
    "long text": say("moss " * 500),
    "markup": say(MARKUP),
    "steering": say(STEER),
    "right to left": say(*ARABIC.split(), *HEBREW.split()),
    "no spaces": say(CHINESE, JAPANESE, alone=True),
    "digits": say("12 345", "6 7 8", alone=True),
    "signs": say("?!", "…", "🌱🌿", alone=True),
}  # fmt: skip


OF_SUCCESS = {"tags", "words", "course", "agreement"}
UNANSWERED = {
    "no ratings": OF_SUCCESS,
    "few ratings": OF_SUCCESS,
    "no models": {"models"},
    "a model a row": {"tags"},
    "one member": OF_SUCCESS | {"people"},
    "no members": {"people"},
    "all successes": OF_SUCCESS,
    "all failures": OF_SUCCESS,
    "no scores": {"agreement"},
    "one score": {"agreement"},
    "scores beyond": {"agreement"},
    "no tags": {"tags"},
    "one text": {"topics", "words"},
    "no spaces": {"topics"},
    "digits": {"topics"},
    "signs": {"topics", "words"},
}
"""The questions that a case leaves without an answer."""


def explore(run, out, *options):
    """The file of an exploration that went well, which is strict JSON."""
    code, printed, errors = run("explore", out, *options)
    assert "Traceback" not in errors, errors
    assert code == 0, errors
    assert printed.splitlines()[-1] == f"The report: {out / 'explore' / 'report.html'}"
    return read(out)


def read(out):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads((out / "explore" / "explore.json").read_text(), parse_constant=refuse)


def assert_sound(found):
    """Whether each question has an answer, or a sentence why there is none."""
    assert found["answers"]
    for answer in found["answers"]:
        why = answer["unanswered"]
        if why is None:
            assert answer["sentence"], answer["question"]
        else:
            assert not why[0].islower(), why
            assert why[-1] == ".", why
        for listed in answer["effects"]:
            for effect in listed["effects"]:
                assert_effect(effect)


def assert_effect(effect):
    """Whether an effect's interval holds it, and its chances are chances."""
    held = [effect[name] for name in ("estimate", "low", "high")]
    if effect["estimate"] is None:
        assert held == [None] * 3, effect
        assert effect["p"] is None, effect
    elif effect["low"] is not None:
        assert held[1] <= held[0] <= held[2], effect
    for name in ("p", "q"):
        assert effect[name] is None or 0 <= effect[name] <= 1, effect
    assert effect["rows"] >= effect["groups"] >= 0, effect


class Page(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.scripts, self.inside = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        self.inside = self.inside[: -1 - self.inside[::-1].index(tag)]


def assert_harmless(page):
    """Whether no element or handler came from the rows, and nothing steers."""
    elements = Page(page).elements
    assert not [one for one in elements if one[0] in {"iframe", "object", "embed"}]
    assert "<script>alert" not in page
    handlers = [name for _, attrs in elements for name in attrs if name.startswith("on")]
    assert not handlers
    assert not [one for one in elements if one[0] in {"img", "link"}]
    steers = {character for character in page if unicodedata.category(character) in STEERING}
    assert not steers - set("\n\t" + JOINERS)


@pytest.mark.parametrize("case", quick(CASES, "as it is", "no ratings"))
def test_each_question_says_why_and_the_others_go_on(case, run, tmp_path):
    rows = CASES[case](plant(150, seed=2, reviewed=0.3).rows)
    out = build_rows(tmp_path, rows)
    found = explore(run, out)
    assert_sound(found)
    assert found["rows"]["dialogues"] > 0
    assert_harmless((out / "explore" / "report.html").read_text(encoding="utf-8"))
    unanswered = {answer["question"] for answer in found["answers"] if answer["unanswered"]}
    assert unanswered == UNANSWERED.get(case, set()) & set(OF_DIALOGUES)


@slow
@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_rows_are_too_few(count, run, tmp_path):
    found = explore(run, build_rows(tmp_path, plant(50, seed=1).rows[:count]))
    assert_sound(found)
    effects = [e for a in found["answers"] for listed in a["effects"] for e in listed["effects"]]
    assert all(effect["estimate"] is None for effect in effects)


USERS_MISTAKES = {
    "no build": (lambda out: [out / "nothing"], "There is no folder"),
    "a file": (lambda out: [out / "manifest.json"], "manifest.json"),
    "no number": (lambda out: [out, "--success-from", "nan"], "--success-from is not a number"),
    "infinite": (lambda out: [out, "--success-from", "inf"], "--success-from is not a number"),
    "a word": (lambda out: [out, "--success-from", "high"], "should be a valid number"),
    "seed": (lambda out: [out, "--seed", "-1"], "--seed is below 0"),
    "no question": (lambda out: [out, "--only", "nothing"], "There is no question 'nothing'"),
    "of pairs": (lambda out: [out, "--only", "pair_form"], "not about rows that this build keeps"),
    "no scores": (lambda out: [out, "--scores", "none"], "There is no annotation"),
    "no name": (lambda out: [out, "--scores", "../up"], "cannot name an annotation"),
}


@pytest.mark.parametrize("mistake", USERS_MISTAKES)
def test_a_users_mistake_is_a_sentence_and_nothing_is_written(mistake, run, out):
    arguments, said = USERS_MISTAKES[mistake]
    before = tree(out)
    code, printed, errors = run("explore", *arguments(out))
    assert (code, printed) == (2, "")
    assert said in errors
    assert "Traceback" not in errors
    assert tree(out) == before


@pytest.mark.parametrize("what", ["file", "link", "annotations"])
def test_a_place_that_is_taken_is_left_alone(what, run, tmp_path):
    out = build_rows(tmp_path, plant(20, seed=1).rows)
    if what == "link":
        (tmp_path / "elsewhere").mkdir()
        (out / "explore").symlink_to(tmp_path / "elsewhere")
    else:
        (out / {"file": "explore", "annotations": "annotations"}[what]).write_text("mine")
    code, _, errors = run("explore", out)
    assert code == 2
    assert "is not a folder" in errors
    if what == "link":
        assert not any((tmp_path / "elsewhere").iterdir())
    else:
        assert (out / {"file": "explore", "annotations": "annotations"}[what]).read_text() == "mine"


@pytest.mark.parametrize("name", ["report.html", "explore.json"])
def test_a_report_of_something_else_stays(name, run, tmp_path):
    out = build_rows(tmp_path, plant(20, seed=1).rows)
    (out / "explore").mkdir()
    (out / "explore" / name).write_text("mine")
    code, _, errors = run("explore", out)
    assert code == 2
    assert "of something else" in errors
    assert (out / "explore" / name).read_text() == "mine"
    (out / "explore" / name).unlink()
    assert run("explore", out)[0] == 0
    assert run("explore", out)[0] == 0


def test_a_subset_called_explore_is_no_place_for_a_report(run, tmp_path):
    place = tmp_path / "source" / "explore"
    place.mkdir(parents=True)
    pair = {"chosen": talk(["tea?", "yes"]), "rejected": talk(["tea?", "no"])}
    (place / "train.jsonl").write_text(json.dumps(pair))
    pairsmith.build(str(tmp_path / "source"), tmp_path / "out")
    code, _, errors = run("explore", tmp_path / "out")
    assert code == 2
    assert "a subset called explore" in errors


def test_a_build_without_rows(run, tmp_path):
    out = build_rows(tmp_path, [{"transcript": "no turns at all"}] * 3)
    code, _, errors = run("explore", out)
    assert code == 2
    assert "keeps no rows" in errors
    assert not (out / "explore").exists()


def test_another_builds_annotation_is_refused(run, out, tmp_path):
    other = build_rows(tmp_path, plant(20, seed=9).rows)
    scorer = pairsmith.Annotator("pairsmith score", "1", {})
    said = [{"id": "red-team-attempts/train/1", "label": "scored", "score": 1.0, "detail": None}]
    pairsmith.annotate(other, "theirs", said, scorer)
    place = out / "annotations"
    (other / "annotations").rename(place)
    try:
        code, _, errors = run("explore", out, "--scores", "theirs")
    finally:
        (place).rename(other / "annotations")
    assert code == 2
    assert "theirs" in errors
    assert "Traceback" not in errors


def test_a_report_is_replaced_and_goes_with_its_build(run, tmp_path):
    out = build_rows(tmp_path, plant(40, seed=1).rows)
    explore(run, out, "--seed", "1")
    first = read(out)
    explore(run, out, "--seed", "2")
    assert (first["options"]["seed"], read(out)["options"]["seed"]) == (1, 2)
    assert sorted(path.name for path in (out / "explore").iterdir()) == [
        "explore.json", "report.html",
    ]  # fmt: skip
    _, printed, _ = run("explore", out, "--only", "people")
    more = len(first["answers"]) - 1
    assert printed.splitlines()[-1].startswith(f"The one before had {more} more answers: ")
    (out / "explore" / "mine.txt").write_text("mine")
    build_rows(tmp_path, plant(40, seed=2).rows, force=True)
    assert [path.name for path in (out / "explore").iterdir()] == ["mine.txt"]
    with pytest.raises(pairsmith.PairsmithError, match="another"):
        pairsmith.read_annotation(out, "explore")


SECRETS = ["zuppelwort", "quonkfeld", "brimsatz"]
"""Words that stand in nothing but the rows."""


@pytest.mark.parametrize("options", [["--no-text"]], ids=" ".join)
def test_without_texts_no_word_of_the_rows_is_in_any_file(options, run, tmp_path):
    def secret(place):
        return " ".join([SECRETS[place % 3], SECRETS[0], f"Zuppelwort{place % 5}"])

    rows = plant(150, seed=3, habit=0.9).rows
    for place, row in enumerate(rows):
        row["task_description"] += f" {secret(place)}"
        said = row["transcript"].split("\n\nAssistant:")
        row["transcript"] = f" {secret(place)}\n\nAssistant:".join(said)
    out = build_rows(tmp_path, rows)
    explore(run, out, *options)
    for folder in (out / "explore", out / "annotations" / "explore"):
        for name, data in tree(folder).items():
            text = data.decode("utf-8", "replace").lower()
            assert not [word for word in SECRETS if word in text], name
    table = pairsmith.read_annotation(out, "explore")
    said = [row for batch in table.batches() for row in batch.to_pylist()]
    assert not [word for word in SECRETS if word in str(said).lower()]
