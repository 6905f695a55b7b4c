"""Rows that Jinja renders too, or alone: the same bytes, whatever was compiled."""

import json
from dataclasses import replace

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

import pairsmith
from pairsmith import PairsmithError
from pairsmith.chat_templates import compile as compiling
from support import reference
from support.slow import quick, slow

PLAIN = "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '</end>' }}{% endfor %}"
FALCON = (
    "{% for m in messages %}"
    "{{ m.role + ': ' + m.content.replace('\n\n', '\n') + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


SPLIT = FALCON.replace("m.content.replace('\n\n', '\n')", "m.content.split() | join(' ')")


@pytest.mark.parametrize(
    ("source", "remarks"),
    [
        (FALCON, ()),  # rows with a blank line alone are rendered row by row
        pytest.param(
            SPLIT,
            (
                "The template falcon.jinja is rendered row by row, which is slow: it calls split "
                "of a content.",
            ),
            marks=slow,
        ),
    ],
    ids=["in part", "all"],
)
def test_a_template_that_does_not_compile_is_rendered_row_by_row(
    source, remarks, template, tmp_path, real, real_rows
):
    """And says so; the same bytes as Jinja's on every real row."""
    path = template(source, "falcon.jinja")
    built = pairsmith.build(real, tmp_path / "out", template=str(path))
    assert tuple(r for r in built.remarks if not r.startswith("Not read, ")) == remarks
    import pyarrow.parquet as pq

    [shard] = (tmp_path / "out" / "harmless-base").glob("*.parquet")
    made = {row["id"]: row for row in pq.read_table(shard).to_pylist()}
    assert len(made) == 2299
    for number, row in enumerate(real_rows, 1):
        texts = made.get(f"harmless-base/test/{number}")
        if texts is None:
            assert reference.reason(row, control=()) is not None
            continue
        prompt, *replies = reference.messages(row)
        for column, reply in zip(("chosen", "rejected"), replies, strict=True):
            [whole], _ = render_jinja_template([prompt + reply], chat_template=source)
            assert texts["prompt"] + texts[column] == whole
        assert texts["prompt"].endswith("assistant: ")


def with_another_end(compiled, layouts):
    """A compiled template that writes something else behind a reply."""
    wrong = {
        opening: texts._replace(reply=with_last(texts.reply, "<wrong>"))
        for opening, texts in compiled.dataset_segments.items()
        if opening in layouts
    }
    return replace(compiled, dataset_segments={**compiled.dataset_segments, **wrong})


def with_last(segments, last):
    return segments._replace(
        short={m: (*held[:-1], last) for m, held in segments.short.items()},
        tail=(*segments.tail[:-1], last),
    )


@pytest.mark.parametrize("prove", quick(["sample", "all"]))
def test_a_compiled_form_that_fails_its_check_is_given_up(prove, template, tmp_path, monkeypatch):
    """Were a template read wrongly, the rows that are rendered too would show it."""
    compile_rightly = compiling.compile_template
    monkeypatch.setattr(
        "pairsmith.chat_templates.prepare.compile_template",
        lambda *args: with_another_end(compile_rightly(*args), [False]),
    )
    out = tmp_path / "out"
    path = template(PLAIN)
    built = pairsmith.build("sample", out, template=str(path), prove=prove)
    assert "row by row" in built.remarks[0]
    assert "does not give what Jinja gives" in built.remarks[0]
    monkeypatch.undo()
    again = pairsmith.build("sample", tmp_path / "again", template=str(path))
    assert not again.remarks
    assert shards_of(out) == shards_of(tmp_path / "again")


def shards_of(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*.parquet")}


def test_every_row_is_checked_where_that_is_asked(template, tmp_path, monkeypatch):
    """A fault in rows of five turns alone, which no sample of this batch holds."""
    compile_rightly = compiling.compile_template

    def wrongly(*args):
        compiled = compile_rightly(*args)
        texts = compiled.dataset_segments[False]
        short = {m: held for m, held in texts.reply.short.items() if m != 4}
        wrong = texts.reply._replace(short={**short, 4: ("", "", "", "", "<wrong>")})
        return replace(compiled, dataset_segments={False: texts._replace(reply=wrong)})

    monkeypatch.setattr("pairsmith.chat_templates.prepare.compile_template", wrongly)
    turns = "\n\nHuman: a\n\nAssistant: b"
    texts = [turns * (2 if row == 7 else 3 if row == 12 else 1) for row in range(40)]
    texts[3] += " and so on, at length, with many words"
    rows = [{"chosen": text, "rejected": text + "!"} for text in texts]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = str(template(PLAIN))
    sampled = pairsmith.build(data, tmp_path / "sampled", template=path)
    assert not sampled.remarks
    built = pairsmith.build(data, tmp_path / "all", template=path, prove="all")
    assert "does not give what Jinja gives" in built.remarks[0]
    with pytest.raises(PairsmithError, match="--prove takes no 'none'"):
        pairsmith.build(data, tmp_path / "none", template=path, prove="none")
