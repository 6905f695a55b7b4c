"""Chat templates that write every content once, in order: what rare branches are put into."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from support.templates.words import literal

PRE, BODY, AFTER, END = "@PRE@", "@BODY@", "@AFTER@", "@END@"
"""Where branches go: before the loop, before a content, behind it, behind the loop."""

SETUP = "{% set ns = namespace(seen=false, n=0, total=0, text='') %}"
"""What comes first where branches count or remember."""


class Frame(NamedTuple):
    """A template with places for branches.

    Attributes:
        source: Jinja, with `PRE`, `BODY`, `AFTER` and `END` in it. In the loop, `m` is the message
            and `c` its content.
        loops: Whether it has `loop`.
    """

    source: str
    loops: bool

    def filled(self, branches: dict[str, str]) -> str:
        """The template with these branches."""
        source = self.source
        for place in (PRE, BODY, AFTER, END):
            source = source.replace(place, branches.get(place, ""))
        return SETUP + source if "ns." in source else source


class Marks(NamedTuple):
    """The constant strings of a format: before a role, behind it, behind a content."""

    before: str
    behind: str
    end: str
    gap: str


FORMATS = (
    Marks("<|im_start|>", "\n", "<|im_end|>\n", ""),
    Marks("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", ""),
    Marks("<start_of_turn>", "\n", "<end_of_turn>\n", ""),
    Marks("<|", "|>\n", "</s>\n", ""),
    Marks("### ", ":\n", "\n\n", ""),
    Marks("", ": ", "\n", ""),
    Marks("[", "] ", " [END]", "\n"),
    Marks("<turn ", ">", "</turn>", "\n"),
    Marks("\n\n", ": ", "", ""),
    Marks("<｜", "｜>", "<｜end｜>", ""),
)

CONTENTS = ("m.content", "m['content']", "m.get('content')", "(m.content)")
TRIMMED = ("m.content|trim", "m['content'].strip()", "m.content | trim", "(m['content'] | trim)")
ONE_SIDE = ("m.content.rstrip()", "m['content'].lstrip()")


def make_frame(rng: Random) -> Frame:
    """A template without any branch on contents, lengths or counts beyond the first and last."""
    marks = rng.choice(FORMATS)
    content = rng.choice((*CONTENTS, *CONTENTS, *TRIMMED, *TRIMMED, *ONE_SIDE))
    kinds = (_plain, _plain, _plain, _folded, _ranged, _walked, _gathered, _filtered)
    make = rng.choice(kinds)
    parts, loops = make(rng, marks, content)
    kept = make is _gathered  # a line end for each message would come before the text
    return Frame(_laid_out(rng, parts, ("", "-") if kept else ("", "", "\n", "-")), loops)


def _laid_out(rng: Random, parts: list[str], styles: Sequence[str]) -> str:
    """The parts on one line, or one a line with white space taken away or left to `trim_blocks`."""
    style = rng.choice(styles)
    if style == "-":
        parts = [p.replace("{% ", "{%- ").replace(" %}", " -%}").replace("{{ ", "{{- ")
                 .replace(" }}", " -}}") if "@" not in p or "{" in p else p for p in parts]  # fmt: skip
        return "\n".join(parts)
    return style.join(parts)


def _content(rng: Random, content: str) -> str:
    """What sets `c`, for a message that may hold a text or a list of parts."""
    parts = "{% for part in m.content %}{{ part.text }}{% endfor %}"
    return rng.choice(
        (
            *[f"{{% set c = {content} %}}"] * 5,
            f"{{% if m.content is string %}}{{% set c = {content} %}}{{% else %}}{{% set c = '' %}}"
            "{% endif %}",
            f"{{% set c %}}{{% if m['content'] is string %}}{{{{ {content} }}}}{{% else %}}{parts}"
            "{% endif %}{% endset %}",
            f"{{% set c = {content} if m.content is not none else '' %}}",
            f"{{% if m.content is defined %}}{{% set c = {content} %}}{{% endif %}}",
        )
    )


def _aside(rng: Random) -> str:
    """What asks for variables that are not there, or defines some."""
    return rng.choice(
        (
            *[""] * 6,
            "{% if tools %}{{ 'You have tools: ' ~ tools|tojson }}{% endif %}",
            "{% if documents is defined and documents %}{{ documents|length }}{% endif %}",
            "{% if enable_thinking is defined and enable_thinking is false %}{{ '/no' }}{% endif %}",
            "{{ preamble|default('') }}",
            "{% set date_string = '26 Jul 2024' %}{{ 'Date: ' ~ date_string ~ '\n' }}",
            "{# how a comment looks: {{ c }} #}",
            "{% raw %}{{ c }}{% endraw %}",
        )
    )


def _opening(rng: Random) -> str:
    return rng.choice(("", "{{ bos_token }}", "{{- bos_token -}}", "<s>", "{{ '<doc>\\n' }}", ""))


def _prompt(rng: Random, marks: Marks) -> str:
    """The generation prompt, and a tail."""
    written = literal(f"{marks.gap}{marks.before}assistant{marks.behind}")
    return rng.choice(
        (
            f"{{% if add_generation_prompt %}}{{{{ {written} }}}}{{% endif %}}",
            f"{{{{ {written} if add_generation_prompt else '' }}}}",
            f"{{% if add_generation_prompt is defined and add_generation_prompt %}}{{{{ {written} }}}}"
            "{% endif %}",
            f"{{% if add_generation_prompt %}}{{{{ {written} }}}}{{% else %}}{{{{ eos_token }}}}"
            "{% endif %}",
        )
    )


def _writes(rng: Random, marks: Marks) -> tuple[list[str], str]:
    """Macros to define first, and what writes `m.role` and `c` between the marks."""
    b, h, e, g = (literal(mark) for mark in marks)
    names = "{'user': 'User', 'assistant': 'Bot', 'system': 'Rules'}"
    raw = marks.gap + marks.before
    by_role = (
        f"{{% if m.role == 'user' %}}{{{{ {g} ~ {b} ~ 'user' ~ {h} ~ c ~ {e} }}}}"
        f"{{% elif m['role'] == 'assistant' %}}{{{{ {g} ~ {b} + 'assistant' + {h} + c + {e} }}}}"
    )
    otherwise = rng.choice(
        (
            f"{{% else %}}{{{{ {g} ~ {b} ~ m.role ~ {h} ~ c ~ {e} }}}}{{% endif %}}",
            "{% elif m.role == 'system' %}{{ '<<' ~ c ~ '>>' }}{% else %}"
            "{{ raise_exception('which role?') }}{% endif %}",
            "{% elif m.role in ['system', 'developer'] %}{{ c ~ '\\n\\n' }}{% endif %}",
        )
    )
    options: list[tuple[list[str], str]] = [
        ([], f"{{{{ {g} ~ {b} ~ m.role ~ {h} ~ c ~ {e} }}}}"),
        ([], f"{{{{ {g} + {b} + m['role'] + {h} + c + {e} }}}}"),
        ([], f"{raw}{{{{ m.role }}}}{marks.behind}{{{{ c }}}}{marks.end}"),
        ([], by_role + otherwise),
        ([], by_role + otherwise),
        (
            [f"{{% macro w(role, c) %}}{raw}{{{{ role }}}}{{{{ {h} }}}}{{{{ c }}}}{{{{ {e} }}}}"
             "{% endmacro %}"],
            "{{ w(m.role, c) }}",
        ),
        (
            [f"{{% macro w(role, end='') %}}{{{{ {b} ~ role ~ {h} }}}}{{{{ caller() }}}}{{{{ end }}}}"
             "{% endmacro %}"],
            f"{{% call w(m.role, end={e}) %}}{{{{ c }}}}{{% endcall %}}",
        ),
        (
            [],
            f"{{% set line %}}{{{{ {b} ~ m.role ~ {h} }}}}{{{{ c }}}}{{{{ {e} }}}}{{% endset %}}"
            "{{ line }}",
        ),
        ([f"{{% set names = {names} %}}"], f"{{{{ {g} ~ names[m.role] ~ {h} ~ c ~ {e} }}}}"),
        ([], f"{{{{ [{g}, {b}, m.role, {h}, c, {e}]|join }}}}"),
        ([], f"{{{{ '%s%s%s%s%s'|format({g} ~ {b}, m.role, {h}, c, {e}) }}}}"),
        ([], f"{{{{ '%s%s%s%s' % ({b}, m.role, {h}, c) }}}}{{{{ {e} }}}}"),
        ([], f"{{{{ '{{}}{{}}{{}}{{}}{{}}'.format({b}, m.role, {h}, c, {e}) }}}}"),
        (
            [],
            f"{{{{ {g} ~ {b} ~ m.role ~ {h} }}}}{{% if m.role == 'assistant' %}}"
            f"{{% generation %}}{{{{ c ~ {e} }}}}{{% endgeneration %}}"
            f"{{% else %}}{{{{ c ~ {e} }}}}{{% endif %}}",
        ),
        ([], f"{{{{ {b} ~ (m.role|upper) ~ {h} ~ c }}}}{{{{ {e} if not loop.last else {e} }}}}"),
        (
            [],
            f"{{% if not loop.first %}}{{{{ {g} }}}}{{% endif %}}{{{{ {b} ~ m.role ~ {h} ~ c ~ {e} }}}}",
        ),
        (
            [],
            f"{{{{ {b} ~ m.role ~ {h} ~ c }}}}{{{{ eos_token if m.role == 'assistant' else {e} }}}}",
        ),
        ([], f"{{{{ loop.cycle('', {g}) }}}}{{{{ {b} ~ m.role ~ {h} ~ c ~ {e} }}}}"),
    ]  # fmt: skip
    return rng.choice(options)


def _without_loop(rng: Random, marks: Marks) -> tuple[list[str], str]:
    while True:
        defined, write = _writes(rng, marks)
        if "loop" not in write:
            return defined, write


def _plain(rng: Random, marks: Marks, content: str) -> tuple[list[str], bool]:
    defined, write = _writes(rng, marks)
    role_check = rng.choice(
        (
            "",
            "",
            "{% if messages[0].role == 'system' %}{% set at = 1 %}{% else %}{% set at = 0 %}{% endif %}",
            "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}"
            "{% endif %}",
        )
    )
    tools = rng.choice(
        ("", "{% if m.tool_calls is defined and m.tool_calls %}{{ 'T' }}{% endif %}")
    )
    default = rng.choice(
        (
            "",
            "",
            "{% if messages[0]['role'] != 'system' %}{{ 'You are a helper.\\n' }}{% endif %}",
        )
    )
    body = ["{% for m in messages %}", _content(rng, content), BODY, tools, write, AFTER]
    return [*defined, _opening(rng), _aside(rng), role_check, default, PRE, *body, "{% endfor %}", END,
            _prompt(rng, marks)], True  # fmt: skip


def _folded(rng: Random, marks: Marks, content: str) -> tuple[list[str], bool]:
    """The system text is written by itself, or into the first user's turn."""
    defined, write = _writes(rng, marks)
    own = rng.choice(("messages[0].content", "messages[0]['content']|trim"))
    split = (
        f"{{% if messages[0].role == 'system' %}}{{% set rules = '<<SYS>>' ~ {own} ~ '<</SYS>>\\n' %}}"
        "{% set rest = messages[1:] %}{% else %}{% set rules = '' %}{% set rest = messages %}{% endif %}"
    )
    into = rng.choice(
        ("{% if loop.first and rules %}{{ rules }}{% endif %}", "{% if loop.index0 == 0 %}"
         "{{ rules }}{% endif %}")
    )  # fmt: skip
    front = rng.random() < 0.5
    body = ["{% for m in rest %}", _content(rng, content), BODY, "" if front else into, write]
    return [*defined, _opening(rng), split, PRE, "{{ rules }}" if front else "", *body, AFTER,
            "{% endfor %}", END, _prompt(rng, marks)], True  # fmt: skip


def _ranged(rng: Random, marks: Marks, content: str) -> tuple[list[str], bool]:
    """A loop over indexes."""
    defined, write = _writes(rng, marks)
    head = rng.choice(
        (
            "{% for i in range(messages|length) %}{% set m = messages[i] %}",
            "{% for i in range(0, messages|length, 1) %}{% set m = messages[i] %}",
            "{% for m in messages[:] %}",
            "{% for m in messages|list %}",
        )
    )
    body = [head, _content(rng, content), BODY, write, AFTER, "{% endfor %}"]
    return [*defined, _opening(rng), PRE, *body, END, _prompt(rng, marks)], True


def _walked(rng: Random, marks: Marks, content: str) -> tuple[list[str], bool]:
    """A macro that calls itself for the next message."""
    defined, write = _without_loop(rng, marks)
    head = "{% macro walk(i) %}{% if i < messages|length %}{% set m = messages[i] %}"
    body = [head + _content(rng, content), BODY, write, AFTER]
    foot = "{{ walk(i + 1) }}{% endif %}{% endmacro %}"
    return [*defined, PRE, *body, foot, _opening(rng), "{{ walk(0) }}", END,
            _prompt(rng, marks)], False  # fmt: skip


def _gathered(rng: Random, marks: Marks, content: str) -> tuple[list[str], bool]:
    """The text grows in a namespace and is written at the end."""
    b, h, e, _ = (literal(mark) for mark in marks)
    grow = rng.choice(
        (
            f"{{% set ns.text = ns.text ~ {b} ~ m.role ~ {h} ~ c ~ {e} %}}",
            f"{{% set ns.text = ns.text + {b} + m['role'] + {h} + c + {e} %}}",
        )
    )
    body = ["{% for m in messages %}", _content(rng, content), BODY, grow, AFTER]
    return [_opening(rng), PRE, *body, "{% endfor %}", "{{ ns.text }}", END,
            _prompt(rng, marks)], True  # fmt: skip


def _filtered(rng: Random, marks: Marks, content: str) -> tuple[list[str], bool]:
    """Only the turns of two roles are looped over; the system text is looked for first."""
    defined, write = _writes(rng, marks)
    find = rng.choice(
        (
            "{% for s in messages if s.role == 'system' %}{{ '<<' ~ s.content ~ '>>' }}{% endfor %}",
            "{% set found = messages|selectattr('role', 'equalto', 'system')|list %}"
            "{% if found %}{{ '<<' ~ found[0].content ~ '>>' }}{% endif %}",
        )
    )
    head = rng.choice(
        (
            "{% for m in messages if m.role != 'system' %}",
            "{% for m in messages|rejectattr('role', 'equalto', 'system') %}",
            "{% for m in messages|selectattr('role', 'in', ['user', 'assistant'])|list %}",
        )
    )
    body = [head, _content(rng, content), BODY, write, AFTER, "{% endfor %}"]
    return [*defined, _opening(rng), find, PRE, *body, END, _prompt(rng, marks)], True
