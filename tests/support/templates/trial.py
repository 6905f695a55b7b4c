"""Tries templates: what a build would write of each row, and what `transformers` writes.

    python -m support.templates.trial 2000 7        (in tests/, with src on the path)

lists the cases of seed 7 that write other text than `transformers` in silence, their kinds, and
how many of the good ones are compiled.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa

from pairsmith.chat_templates import prepare, worker
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.chat_templates.sandbox import Reading, Shape, TemplateInfo, make_reading
from pairsmith.chat_templates.symbolic.reading import make_render, read_template
from pairsmith.errors import PairsmithError, RecipeError
from pairsmith.kernel.render import Pairs, UnfaithfulError, Writer, write_pairs
from pairsmith.schema.rows import MESSAGES
from pairsmith.schema.templates import (
    PROBE_REPLY,
    Conversation,
    Refusal,
    Template,
    prompt_end,
    whole_marks,
)
from pairsmith.text.messages import read_messages
from support.templates.conversations import Messages, Row
from support.templates.grammar import EOS, HEAD, TOKENS, Case, cases

DAY = date(2026, 1, 31)


class Renderer:
    """`transformers`' own environment, in this process; in the place of a `Sandbox`."""

    def __init__(self, template: Template) -> None:
        self.template, self.asked = template, 0

    def inspect(self) -> TemplateInfo:
        """As `Sandbox.inspect`."""
        seen: dict[str, Any] = worker._inspect(self.template.source, "transformers")
        if "fault" in seen:
            raise RecipeError(f"It is not Jinja: {seen['fault']}")
        lists = {name: tuple(held) for name, held in seen.items() if isinstance(held, list)}
        rest = {name: held for name, held in seen.items() if not isinstance(held, list)}
        return TemplateInfo(**{**rest, **lists})

    def read(self, shapes: Sequence[Shape]) -> Reading:
        """As `Sandbox.read`."""
        render = make_render(self.template.source, dict(self.template.tokens))
        seen = read_template(render, [shape._asdict() for shape in shapes])
        return make_reading(json.loads(json.dumps(seen)))

    def render(self, conversations: Sequence[Conversation]) -> list[str | Refusal]:
        """As `Sandbox.render`."""
        self.asked += len(conversations)
        return [self.one(c.messages, c.generation) for c in conversations]

    def one(self, messages: Messages, generation: bool = False) -> str | Refusal:
        """One conversation, as `render_jinja_template` does it with plain messages."""
        request = {"messages": messages, "generation": generation}
        kind, text = worker._outcome(self._render, request)
        return text if kind == "text" else Refusal(text)

    def _render(self, request: dict[str, Any]) -> str:
        from transformers.utils.chat_template_utils import _compile_jinja_template

        template = _compile_jinja_template(self.template.source)
        variables = {"tools": None, "documents": None, **dict(self.template.tokens)}
        return template.render(
            messages=request["messages"], add_generation_prompt=request["generation"], **variables
        )


class Outcome(NamedTuple):
    """What became of a case.

    Attributes:
        compiled: Whether columns are joined from constant strings, with and without a system turn.
        unfaithful: Whether a build would notice, and start again row by row.
        refused: Why the template is refused as a whole; empty if it is not.
        crashed: The fault that no user should see; empty if there is none.
        by_jinja: Of the rows, how many conversations Jinja rendered.
        wrong: The rows that were written otherwise.
        cautious: The rows that were refused, of which the reference finds everything written. A
            short text that a template drops may stand elsewhere by chance, and one that it drops
            from long rows alone is taken to be dropped from this one.
    """

    compiled: bool = False
    unfaithful: bool = False
    refused: str = ""
    crashed: str = ""
    by_jinja: int = 0
    wrong: tuple[int, ...] = ()
    cautious: tuple[int, ...] = ()

    @property
    def state(self) -> str:
        """The same in a word."""
        words = {"crashed": self.crashed, "refused": self.refused, "unfaithful": self.unfaithful}
        return next((word for word, held in words.items() if held),
                    "compiled" if self.compiled else "row by row")  # fmt: skip


def template_of(source: str) -> Template:
    """A template of that source, as a file of the user's would be."""
    return Template("made.jinja", source, tuple(sorted(TOKENS.items())), tuple(TOKENS.values()))


def expected(renderer: Renderer, row: Row) -> tuple[str, str, str] | None:
    """The prompt, chosen and rejected texts by `transformers`.

    None where it refuses, or writes other contents than there are, or the same for both replies.
    """
    reply = {"role": "assistant", "content": PROBE_REPLY}
    texts = [renderer.one(row.prompt, True), *map(renderer.one, row.sides)]
    marked = renderer.one([*row.prompt, reply])
    held = [text for text in texts if isinstance(text, str)]
    if len(held) < len(texts):
        return None
    if not all(map(holds, row.sides, held[1:])):
        return None
    parting = [*held, *([marked] if isinstance(marked, str) else [])]
    end = prompt_end(parting, whole_marks(renderer.template))
    chosen, rejected = (text[end:] for text in held[1:])
    if chosen == rejected and row.chosen.strip() != row.rejected.strip():
        return None
    return held[0][:end].removeprefix(TOKENS["bos_token"]), _closed(chosen), _closed(rejected)


def holds(messages: Messages, text: str) -> bool:
    """Whether each content stands in a text, in order, a system text anywhere, by all but space.

    As it is, or as `tojson` writes it. The marks of reasoning are a template's own to write.
    """
    bare, end = _bare(text), 0
    for message in messages:
        said = message["content"]
        forms = (said, *(json.dumps(said, ensure_ascii=only)[1:-1] for only in (False, True)))
        start = 0 if message["role"] == "system" else end
        ends = [
            place + len(form)
            for form in map(_bare, forms)
            if (place := bare.find(form, start)) >= 0
        ]
        if not ends:
            return False
        end = end if message["role"] == "system" else ends[0]
    return True


def _bare(text: str) -> str:
    return "".join(re.sub("</?think(?:ing)?>", "", text).split())


def _closed(text: str) -> str:
    """Without white space behind the end-of-sequence token, which trainers look for at the end."""
    return text.rstrip() if text.rstrip().endswith(EOS) else text


def try_case(case: Case) -> Outcome:
    """What a build would write of a case, against what `transformers` writes."""
    renderer = Renderer(template_of(case.source))
    try:
        ready = prepare._compile(LocatedTemplate(renderer.template), renderer, DAY)
        compiled = len(ready.compiled.layouts) == 2
        renderer.asked = 0
        found = list(_written(case, Writer(ready.compiled, ready.jinja)))
    except UnfaithfulError:
        return Outcome(compiled, unfaithful=True)
    except PairsmithError as error:
        return Outcome(refused=str(error))
    except Exception as error:  # whatever it is, users would see a traceback
        return Outcome(crashed=f"{type(error).__name__}: {error}")
    by_jinja = renderer.asked
    others = [
        (number, texts)
        for number, (row, texts) in enumerate(zip(case.rows, found, strict=True))
        if texts != expected(renderer, row)
    ]
    cautious = tuple(number for number, texts in others if texts is None and not case.good)
    wrong = tuple(number for number, _ in others if number not in cautious)
    return Outcome(compiled, by_jinja=by_jinja, wrong=wrong, cautious=cautious)


def _written(case: Case, writer: Writer) -> Iterator[tuple[str, str, str] | None]:
    """The texts of its rows; they come in three batches, the first of ordinary rows."""
    cuts = (0, HEAD, (HEAD + len(case.rows)) // 2, len(case.rows))
    for start, end in pairwise(cuts):
        sides = [row.sides for row in case.rows[start:end]]
        chosen, rejected = (
            read_messages(pa.array([side[place] for side in sides], MESSAGES)) for place in (0, 1)
        )
        written = write_pairs(Pairs.of(chosen, rejected), chosen.counts > 0, writer)
        columns = [column.to_pylist() for column in written.columns]
        for texts in zip(*columns, strict=True):
            yield None if texts[0] is None else texts


def reached(case: Case) -> bool:
    """Whether its branches change what is written of some row."""
    both = [Renderer(template_of(source)) for source in (case.source, case.plain)]
    return any(expected(both[0], row) != expected(both[1], row) for row in case.rows)


class Failure(NamedTuple):
    """A case that was written otherwise, in silence, or that ended in a traceback."""

    case: Case
    outcome: Outcome

    def __str__(self) -> str:
        kinds = "; ".join(self.case.kinds) or "good"
        if self.outcome.crashed:
            return f"{self.case.name}  {self.outcome.crashed}  {kinds}"
        first, rows = self.case.rows[self.outcome.wrong[0]], len(self.outcome.wrong)
        return f"{self.case.name}  {rows} rows, the first ({first.why})  {kinds}"


class Tally(NamedTuple):
    """What became of many cases."""

    failures: list[Failure]
    counts: Counter[str]
    slow: list[Case]


def _silent(_line: str) -> None:
    """Tells nobody."""


def failures(tried: Iterable[Case], tell: Callable[[str], None] = _silent) -> Tally:
    """Tries cases, and tells of each that fails; the good ones not compiled are `slow`."""
    tally = Tally([], Counter(), [])
    for case in tried:
        outcome = try_case(case)
        kind, state = "good" if case.good else "rare", outcome.state
        tally.counts.update([kind, f"{kind}, {state}"])
        tally.counts.update(rows=len(case.rows), cautious=len(outcome.cautious))
        if outcome.wrong or outcome.crashed:
            tally.failures.append(Failure(case, outcome))
            tell(str(tally.failures[-1]))
        if case.good and state != "compiled":
            tally.slow.append(case)
            tell(f"{case.name}  good, and {state}")
    return tally


def main() -> None:
    """Tries so many cases of a seed, and prints what became of them."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    tally = failures(cases(seed, count), partial(print, flush=True))
    print(dict(tally.counts), f"{len(tally.failures)} wrong in silence")


if __name__ == "__main__":
    main()
