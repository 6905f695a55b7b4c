"""The ids that a policy is trained on are those of previews, and so is where replies begin."""

from collections import Counter
from contextlib import contextmanager

import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import TokenizerError
from pairsmith.schema.rows import Form
from pairsmith.tokens.preview import open_writer
from pairsmith.training.dpo.proof import prove_ids
from pairsmith.training.dpo.rows import PartedWriter
from pairsmith.training.rows import Wanted
from support.models.folders import write_causal
from support.models.id_rows import ALL, ROWS, WORDS, build_rows
from support.models.tokenizers import write_tokenizer
from support.slow import quick
from support.tiny import llama_tokenizer
from support.training import train_policy

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
FORMS = ("text", "messages")
TOKENIZERS = {
    "text": ("bytes-bos-eos", "bytes-both-none", "bytes-none-own", "pieces-both-eos"),
    "messages": ("bytes-bos-eos", "bytes-both-none", "bytes-none-own", "pieces-eos-none"),
}
CASES = [(form, make) for form in FORMS for make in TOKENIZERS[form]]


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("builds")
    return {form: build_rows(folder / form, form) for form in FORMS}


@contextmanager
def watched():
    """Notes, of every row that a policy gets, the prompt's ids and the reply's."""
    seen = []

    def note(module, _args, given, _made):
        if type(module).__name__.endswith("ForCausalLM"):
            rows = zip(given["input_ids"], given["attention_mask"], given["labels"], strict=True)
            for ids, mask, labels in rows:
                held, asked = ids[mask.bool()].tolist(), (labels[mask.bool()] == -100).tolist()
                end = asked.index(False)
                assert not any(asked[end:])
                seen.append((tuple(held[:end]), tuple(held[end:])))

    hook = torch.nn.modules.module.register_module_forward_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


@pytest.mark.parametrize(("form", "make"), quick(CASES, ("messages", "bytes-bos-eos")))
def test_training_and_previews_have_the_same_ids(form, make, builds, tmp_path):
    tokenizer = write_tokenizer(tmp_path / "base", WORDS, make)
    model = write_causal(tmp_path / "base", tokenizer=tokenizer)
    with watched() as seen:
        run = train_policy(builds[form], tmp_path / "run", model, num_train_epochs=1, max_steps=-1)
    for name in (model, run.folder):  # by the tokenizer that the run saved, too
        rows = pairsmith.preview(builds[form], name, rows=ALL).rows
        assert len(rows) >= len(ROWS) - 1
        shown = Counter(
            (tuple(token.id for token in row.prompt), tuple(token.id for token in side))
            for row in rows
            for side in (row.chosen, row.rejected)
        )
        assert Counter(seen) == shown + shown  # the policy, and the reference


def written(out, path, tokenizer, max_length):
    built = read_manifest(out)
    with open_writer(built, tokenizer, "a test's") as chat:
        return PartedWriter(path, tokenizer, chat, Wanted(frozenset(), max_length)).write(
            out, built
        )


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_those_that_trl_itself_makes(small, tmp_path, form):
    tokenizer = llama_tokenizer(["How long does tea steep?"])
    sample = written(getattr(small, form), tmp_path / "rows", tokenizer, 4096).sample
    assert prove_ids(sample, tokenizer, Form(form)) == len(sample) > 1
    other = llama_tokenizer(["How long does tea steep?"], "eos")
    other.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(TokenizerError, match=rf"^{sample[0].id} would be trained on with other"):
        prove_ids(sample, other, Form(form))


@pytest.mark.parametrize(("form", "max_length"), [("text", 20), ("messages", 24)])
def test_what_is_cut_and_dropped_is_what_a_preview_tells(builds, tmp_path, form, max_length):
    tokenizer = llama_tokenizer(WORDS)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    made = written(builds[form], tmp_path / "rows", tokenizer, max_length)
    told = pairsmith.preview(
        builds[form], tmp_path / "tokenizer", rows=0, max_length=max_length
    ).totals
    (entry,) = made.accounts
    assert entry.balances
    assert entry.others.get("prompt_fills", 0) == told.dropped > 0
    same = told.identical + told.identical_once_cut
    assert entry.others.get("identical_after_cut", 0) == same
    assert entry.learnt == told.rows - told.dropped - same
    assert told.cut.rows - told.identical_once_cut <= entry.cut <= told.cut.rows
    assert entry.cut > 0
