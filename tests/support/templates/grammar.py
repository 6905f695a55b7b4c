"""Chat templates made by a grammar, with rows that reach every rare branch of each.

    for case in cases(seed=1, count=100): ...

The same seed makes the same cases. A *good* case depends on contents by nothing but trimming, and
should compile; any other has one to three rare branches, and either is rendered as Jinja renders
it, row for row, or is not compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from support.templates.changes import make_change
from support.templates.conditions import Condition, make_condition
from support.templates.conversations import Messages, Row, rows_for
from support.templates.frames import AFTER, BODY, END, PRE, Frame, make_frame
from support.templates.situations import Situation, make_situation
from support.templates.words import keyword, literal

BOS, EOS = "<s>", "</s>"
TOKENS = {"bos_token": BOS, "eos_token": EOS}

HEAD = 24
"""Ordinary rows before the first rare one; as many are mixed with the rare ones."""

SCOPES = ("", "", "", "", "m.role == 'user' and ", "m.role == 'assistant' and ",
          "m.role != 'system' and ")  # fmt: skip
LOOP_SCOPES = ("loop.first and ", "loop.last and ", "not loop.last and ", "not loop.first and ")


class Case(NamedTuple):
    """A template and rows.

    Attributes:
        name: The seed and the number, which make it again.
        kinds: What its branches are; empty for a good one.
        source: The template.
        plain: The same without its branches.
        rows: What to render: ordinary rows first.
    """

    name: str
    kinds: tuple[str, ...]
    source: str
    plain: str
    rows: tuple[Row, ...]

    @property
    def good(self) -> bool:
        """Whether it should compile."""
        return not self.kinds


class _Branch(NamedTuple):
    kind: str
    sources: dict[str, str]
    hits: tuple[str, ...]
    nears: tuple[str, ...] = ()
    talks: tuple[Messages, ...] = ()


def cases(seed: int, count: int, good: float = 0.15) -> Iterator[Case]:
    """So many cases of a seed, of which about a share is good."""
    for number in range(count):
        yield make_case(seed, number, good)


def make_case(seed: int, number: int, good: float = 0.15) -> Case:
    """One case of a seed, by its number."""
    rng = Random(f"{seed}/{number}")
    frame = make_frame(rng)
    many = 0 if rng.random() < good else rng.choice((1, 1, 1, 1, 2, 3))
    branches = [_branch(rng, frame) for _ in range(many)]
    placed: dict[str, str] = {}
    for branch in branches:
        for place, source in branch.sources.items():
            placed[place] = placed.get(place, "") + source
    rows = rows_for(
        rng,
        [text for branch in branches for text in branch.hits],
        [text for branch in branches for text in branch.nears],
        [messages for branch in branches for messages in branch.talks],
        HEAD,
    )
    return Case(
        f"{seed}/{number}",
        tuple(branch.kind for branch in branches),
        frame.filled(placed),
        frame.filled({}),
        tuple(rows),
    )


def _branch(rng: Random, frame: Frame) -> _Branch:
    drawn = rng.random()
    if drawn < 0.22:
        change = make_change(rng)
        guard = rng.choice(("", "", "", "m.role == 'user'", "m.role != 'user'"))
        source = change.source
        if guard and source.startswith("{% set c = "):
            value = source.removeprefix("{% set c = ").removesuffix(" %}")
            source = f"{{% set c = ({value}) if {guard} else c %}}"
        return _Branch(change.kind, {BODY: source}, change.hits, (), ())
    if drawn < 0.62:
        return _on_content(rng, frame, make_condition(rng))
    while True:
        situation = make_situation(rng)
        uses = " ".join((situation.test, situation.before, situation.after))
        if frame.loops or not (situation.loops and "loop." in uses):
            return _on_conversation(rng, situation)


def _on_content(rng: Random, frame: Frame, held: Condition) -> _Branch:
    scopes = SCOPES + (LOOP_SCOPES if frame.loops else ())
    test = f"{rng.choice(scopes)}({held.test})"
    effect, place, source = _effect(rng, test)
    return _Branch(f"{held.kind} → {effect}", {place: held.setup + source}, held.hits, held.nears)


def _effect(rng: Random, test: str) -> tuple[str, str, str]:
    """What happens in a message where a test holds: its name, its place, its source."""
    word = literal(f"({keyword(rng)})")
    effects = {
        "before": (BODY, f"{{% if {test} %}}{{{{ {word} }}}}{{% endif %}}"),
        "behind": (AFTER, f"{{% if {test} %}}{{{{ {word} }}}}{{% endif %}}"),
        "raw text": (AFTER, f"{{% if {test} %}}note{{% endif %}}"),
        "instead": (BODY, f"{{% if {test} %}}{{% set c = {word} %}}{{% endif %}}"),
        "in front": (BODY, f"{{% if {test} %}}{{% set c = {word} ~ c %}}{{% endif %}}"),
        "inline": (BODY, f"{{% set c = c ~ {word} if {test} else c %}}"),
        "written inline": (AFTER, f"{{{{ {word} if {test} }}}}"),
        "otherwise": (AFTER, f"{{% if not ({test}) %}}{{% else %}}{{{{ {word} }}}}{{% endif %}}"),
        "elif": (
            BODY,
            f"{{% if m.role == 'none' %}}-{{% elif {test} %}}{{{{ {word} }}}}{{% endif %}}",
        ),
        "nested": (
            BODY,
            "{% if m.role != 'none' %}{% if c is string %}"
            f"{{% if {test} %}}{{% set c = c ~ {word} %}}{{% endif %}}{{% endif %}}{{% endif %}}",
        ),
        "variable": (BODY, f"{{% set is = {test} %}}{{% if is %}}{{{{ {word} }}}}{{% endif %}}"),
        "number": (BODY, f"{{% set k = 1 if {test} else 0 %}}{{{{ {word} * k }}}}"),
        "choice": (BODY, f"{{{{ ['', {word}][1 if {test} else 0] }}}}"),
        "and or": (BODY, f"{{{{ ({test}) and {word} or '' }}}}"),
        "list": (BODY, f"{{{{ [{word}] if {test} else '' }}}}"),
        "upper": (BODY, f"{{% if {test} %}}{{% set c = c|upper ~ '.' %}}{{% endif %}}"),
        "refusal": (BODY, f"{{% if {test} %}}{{{{ raise_exception('not that') }}}}{{% endif %}}"),
        "written twice": (BODY, f"{{% if {test} %}}{{{{ c }}}}{{% endif %}}"),
        "macro": (
            BODY,
            f"{{% macro mark(c, m) %}}{{% if {test} %}}{{{{ {word} }}}}{{% endif %}}{{% endmacro %}}"
            "{{ mark(c, m) }}"
            if "loop." not in test
            else f"{{{{ {word} if {test} }}}}",
        ),
        "with": (BODY, f"{{% with is = ({test}) %}}{{{{ {word} if is }}}}{{% endwith %}}"),
        "set block": (
            BODY,
            f"{{% set c %}}{{% if {test} %}}{{{{ {word} }}}}{{% endif %}}{{{{ c }}}}{{% endset %}}",
        ),
        "loop": (BODY, f"{{% for x in [{word}] if {test} %}}{{{{ x }}}}{{% endfor %}}"),
        "flag": (BODY, f"{{% if {test} %}}{{% set ns.seen = true %}}{{% endif %}}"
                       f"{{{{ {word} if ns.seen }}}}"),
    }  # fmt: skip
    name = rng.choice(list(effects))
    place, source = effects[name]
    return name, place, source


def _on_conversation(rng: Random, held: Situation) -> _Branch:
    sources = {BODY: held.before, AFTER: held.after}
    if held.loops or rng.random() < 0.4:
        effect, place, source = _effect(rng, f"({held.test})")
    else:
        word = literal(f"({keyword(rng)})")
        late = "ns." in held.test
        effect = rng.choice(("at the end",) if late else ("at the end", "at the beginning"))
        place = PRE if effect == "at the beginning" else END
        source = rng.choice(
            (
                f"{{% if {held.test} %}}{{{{ {word} }}}}{{% endif %}}",
                f"{{{{ {word} if {held.test} }}}}",
                f"{{% if not ({held.test}) %}}{{% else %}}note{{% endif %}}",
                f"{{% if {held.test} %}}{{{{ raise_exception('no') }}}}{{% endif %}}",
                f"{{% if {held.test} and not add_generation_prompt %}}{{{{ {word} }}}}{{% endif %}}",
                f"{{% if add_generation_prompt and ({held.test}) %}}{{{{ {word} }}}}{{% endif %}}",
            )
        )
    sources[place] = sources.get(place, "") + source
    return _Branch(f"{held.kind} → {effect}", sources, held.hits, (), held.talks)
