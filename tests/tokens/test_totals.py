"""Every total, on rows and tokenizers made to show it."""

import pytest

import pairsmith
from support.slow import slow
from support.tiny import chat_template as template

ROWS = [
    ("Is the bus late?", "No, it is on time.", "It is late."),
    ("Thanks!", "You are welcome.", "Have a good day."),
]


def counted(out, tokenizer, **options):
    return pairsmith.preview(out, tokenizer, **options).totals


def sides(rows, chosen, rejected):
    return {"rows": rows, "chosen": chosen, "rejected": rejected}


def test_llama_rows_have_nothing_to_report(build, tokenizer):
    for options in ({"template": "llama2"}, {}):
        totals = counted(build(ROWS, **options), tokenizer()).to_dict()
        assert totals["rows"] == 2
        lengths = totals.pop("lengths")
        assert list(lengths) == ["prompt", "chosen", "rejected", "whole"]
        nothing = {"rows": 0, "chosen": 0, "rejected": 0}
        for name, value in totals.items():
            if name not in ("rows", "max_length"):
                assert value in (0, None, {}, nothing), name


def test_lengths_are_lengths_that_occur(build, tokenizer):
    seen = pairsmith.preview(build(ROWS), tokenizer())
    for part in ("prompt", "chosen", "rejected"):
        lengths = sorted(len(getattr(row, part)) for row in seen.rows)
        found = seen.totals.lengths[part]
        assert [found.p50, found.p90, found.p99, found.max] == [lengths[0], *lengths[1:] * 3]
    wholes = [len(row.prompt) + max(len(row.chosen), len(row.rejected)) for row in seen.rows]
    assert seen.totals.lengths["whole"].max == max(wholes)


def test_two_bos(build, tokenizer):
    assert counted(build(ROWS), tokenizer(chat=template(start="<s><s>"))).bos_doubled == 2
    assert counted(build(ROWS), tokenizer(chat=template(start="<s>"))).bos_doubled == 0


def test_text_and_a_tokenizer_that_adds_eos(build, tokenizer):
    totals = counted(build(ROWS, template="llama2"), tokenizer("eos"))
    assert totals.eos_doubled.rows == 2
    assert (totals.boundary, totals.left_out, totals.left_out_kinds) == (2, "</s>", 1)


@pytest.mark.parametrize(
    ("end", "name"),
    [
        ("</s></s>", "eos_doubled"),
        pytest.param("</s>\n  </s>", "eos_doubled_apart", marks=slow),
        pytest.param("</s>\n", "eos_then_blank", marks=slow),
        (".", "eos_missing"),
    ],
)
def test_how_replies_end(build, tokenizer, end, name):
    totals = counted(build(ROWS), tokenizer(chat=template(end))).to_dict()
    for other in ("eos_doubled", "eos_doubled_apart", "eos_then_blank", "eos_missing"):
        assert totals[other] == (sides(2, 2, 2) if other == name else sides(0, 0, 0)), other


def test_two_eos_before_white_space(build, tokenizer):
    totals = counted(build(ROWS), tokenizer(chat=template("</s> </s>\n")))
    assert totals.eos_doubled_apart.rows == totals.eos_then_blank.rows == 2


def test_one_side_without_eos(build, tokenizer):
    chat = template("{% if m.content[0] != 'H' %}</s>{% endif %}")
    totals = counted(build(ROWS), tokenizer(chat=chat))
    assert totals.to_dict()["eos_missing"] == sides(1, 0, 1)


def test_a_generation_prompt_that_no_reply_begins_with(build, tokenizer):
    totals = counted(build(ROWS), tokenizer(chat=template(go="<assistant><think>\n")))
    assert totals.boundary == 2
    assert "think>" in totals.left_out
    assert totals.left_out_kinds == 1
    totals = counted(build(ROWS), tokenizer(chat=template()))
    assert (totals.boundary, totals.left_out, totals.left_out_kinds) == (0, None, 0)


def test_cut_dropped_and_identical(build, tokenizer):
    rows = [
        ("Hi", "a b c d e", "a b c d f"),  # the same once cut
        ("Hi", "a b c d e f", "a"),  # chosen is cut
        ("Hi", "a b", "a b"),  # the same
        ("a b c d e f g h i j k l m n o p q r s t", "a", "b"),  # dropped
    ]
    folder, out = tokenizer(), build(rows)
    whole = pairsmith.preview(out, folder, rows=4)
    room = len(whole.rows[0].prompt) + 5
    totals = counted(out, folder, max_length=room)
    assert totals.to_dict()["cut"] == sides(2, 2, 1)
    assert totals.identical == 1
    assert totals.identical_once_cut == 1
    assert totals.dropped == 1
    assert whole.totals.identical == 1
    assert whole.totals.identical_once_cut == whole.totals.dropped == whole.totals.cut.rows == 0


def test_contents_read_as_special_tokens_in_messages(build, tokenizer):
    rows = [
        *ROWS,
        ("What is </s>?", "The end.", "The end, </s> </s>."),
        ("What is <|x1|>?", "A token.", "A mark."),
        ("What is <|x2|> or </S>?", "A mark.", "No token."),
    ]
    totals = counted(build(rows), tokenizer(special=["<|x1|>"]))
    assert totals.special == 2
    assert totals.special_tokens == {"</s>": 1, "<|x1|>": 1}


def test_contents_read_as_special_tokens_in_text(build, tokenizer):
    rows = [*ROWS, ("What is </s>?", "The end.", "An end."), ("What?", "A <|x1|>.", "A mark.")]
    policies = {"control_token": "keep"}
    out = build(rows, template="llama2", policies=policies)
    for added in ("bos", "eos", "none"):
        totals = counted(out, tokenizer(added, special=["<|x1|>"]))
        assert totals.special_tokens == {"<|x1|>": 1}
        assert (totals.special, totals.control_token) == (1, 1)


def test_what_is_added_around_text_is_not_a_content(build, tokenizer):
    folder = tokenizer("bos", special=["<|end|>"], eos_token="<|end|>")
    out = build([*ROWS, ("What?", "A <|end|>", "A mark.")], template="llama2")
    totals = counted(out, folder)
    assert totals.special_tokens == {"<|end|>": 1}
    assert totals.eos_missing.rows == 0


def test_rows_that_the_template_refuses(build, tokenizer):
    chat = template().replace(
        "{% for m in messages %}",
        "{% for m in messages %}{% if 'late' in m.content %}"
        "{{ raise_exception('never late') }}{% endif %}",
        1,
    )
    out = build(ROWS)
    seen = pairsmith.preview(out, tokenizer(chat=chat))
    assert (seen.totals.rows, seen.totals.refused) == (2, 1)
    assert seen.totals.refusal == ("pairs/train/1", "never late")
    assert [row.id for row in seen.rows] == ["pairs/train/2"]
    assert seen.totals.eos_missing.rows == 0


def test_a_template_that_refuses_every_row(build, tokenizer):
    with pytest.raises(pairsmith.PairsmithError, match="refuses every conversation: no"):
        pairsmith.preview(build(ROWS), tokenizer(chat="{{ raise_exception('no') }}"))


@slow
def test_a_template_that_never_ends_is_stopped(build, tokenizer):
    chat = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(pairsmith.PairsmithError, match="stopped after 10 seconds"):
        pairsmith.preview(build(ROWS), tokenizer(chat=chat))


def test_no_eos_and_messages(build, tokenizer):
    folder = tokenizer(chat=template(), eos_token=None, pad_token="<s>")
    totals = counted(build(ROWS), folder)
    assert totals.eos_missing is totals.eos_doubled is None
    assert totals.rows == 2


def test_a_build_without_rows(build, tokenizer):
    seen = pairsmith.preview(build([("a", "", "")], policies={}), tokenizer())
    assert seen.rows == []
    assert seen.totals.rows == 0
    assert seen.totals.to_dict()["cut"] == sides(0, 0, 0)


def test_the_sample_and_its_subsets(sample_text, sample_messages, tokenizer):
    folder = tokenizer()
    whole = counted(sample_text, folder)
    assert whole.dialogues == 18
    parts = [
        counted(sample_text, folder, subset=name)
        for name in ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")
    ]
    assert sum(part.rows for part in parts) == whole.rows == 45
    assert {part.dialogues for part in parts} == {0}
    assert counted(sample_messages, folder).special_tokens == {"</s>": 1}


def test_progress_counts_rows(build, tokenizer):
    steps = []
    pairsmith.preview(build(ROWS), tokenizer(), progress=steps.append)
    assert [(step.rows, step.done, step.total) for step in steps] == [(2, 2, 2)]
