"""One recipe, many builds on a busy machine: one hash."""

import itertools
import json
import multiprocessing
import random

import pytest

import pairsmith
from support.mixture import hashes
from support.slow import slow

BUILDS = 8
"""How many; it passed with 200 too."""

ROWS = 400
# what Jinja renders alone, what columns join, and, were it not read, what few rows would show
TEMPLATE = (
    "{% for m in messages %}{% set c = m.content | trim %}"
    "{% if '<call>' in c and '</call>' in c %}{% set c = c.split('<call>')[0] %}{% endif %}"
    "{% if messages | length == 6 %}{% set c = '[' ~ c ~ ']' %}{% endif %}"
    "{% if c | length > 300 %}{% set c = c | upper %}{% endif %}"
    "{{ '<|' + m.role + '|>' + c.replace('\u00a0', ' ') + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
ODD = ["<call>one</call> two", "a\u00a0b", "long " * 80, "  padded  ", "[ends]"]


def write_source(folder):
    """Four files, whose odd rows are few, and late."""
    chance = random.Random(1)
    for name in ("one", "two", "three", "four"):
        (folder / name).mkdir(parents=True)
        with (folder / name / "train.jsonl").open("w", encoding="utf-8") as out:
            for row in range(ROWS):
                odd = ODD[chance.randrange(len(ODD))] if row > 250 and row % 29 == 0 else "plain"
                turns = chance.choice([1, 1, 1, 1, 1, 1, 3, 5])
                roles = itertools.cycle(["user", "assistant"])
                prompt = [{"role": next(roles), "content": f"{odd} {row}"} for _ in range(turns)]
                sides = {
                    name: [{"role": "assistant", "content": f"{name} {odd}"}]
                    for name in ("chosen", "rejected")
                }
                out.write(json.dumps({"prompt": prompt, **sides}) + "\n")
    return folder


def burn():
    """Keeps a core busy."""
    while True:
        sum(range(100_000))


@pytest.fixture
def busy():
    """A machine that has other things to do."""
    burners = [multiprocessing.Process(target=burn, daemon=True) for _ in range(2)]
    for burner in burners:
        burner.start()
    yield
    for burner in burners:
        burner.terminate()
        burner.join()


@slow
def test_many_builds_of_one_recipe(tmp_path, busy):
    source = write_source(tmp_path / "in")
    path = tmp_path / "odd.jinja"
    path.write_text(TEMPLATE, encoding="utf-8")
    seen, chance = set(), random.Random(2)
    for number in range(BUILDS):
        built = pairsmith.build(
            source,
            tmp_path / "out",
            template=str(path),
            shard_rows=150,
            workers=number % 8 + 1,
            batch_rows=chance.choice([None, 50, 333]),
            force=True,
        )
        # of a few rows the template leaves out a turn
        assert 0 < built.totals.quarantined["template_error"] < ROWS // 10
        assert built.totals.kept + built.totals.quarantined["template_error"] == 4 * ROWS
        assert not built.remarks
        seen.add(json.dumps(sorted(hashes(tmp_path / "out").items())))
    assert len(seen) == 1
