"""Texts and conversations scored by models that learnt from text."""

import pytest

from pairsmith.chat_templates.resolve import locate_template
from pairsmith.errors import PairsmithError
from pairsmith.models.run_folder import RunManifest, list_outputs, write_run
from pairsmith.schema.rows import Form
from pairsmith.scoring import texts
from pairsmith.scoring.conversations import open_encoder
from pairsmith.scoring.texts import score_texts
from support.models.by_hand import ids_of_text, scores_by_hand
from support.models.folders import write_scorer
from support.slow import quick
from support.tiny import llama_tokenizer

TALK = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "Yes"}]
WRITTEN = "[INST] Tea? [/INST] Yes </s>"


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A model without a chat template."""
    tokenizer = llama_tokenizer(["Tea?"])
    tokenizer.chat_template = None
    return write_scorer(tmp_path_factory.mktemp("bare"), tokenizer=tokenizer)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The same as a run on text, with the build's template."""
    tokenizer = llama_tokenizer(["Tea?"])
    tokenizer.chat_template = None
    folder = write_scorer(tmp_path_factory.mktemp("run"), tokenizer=tokenizer)
    write_run(
        folder,
        RunManifest(
            pairsmith="0",
            kind="reward",
            build={"name": "OUT", "sha256": "0" * 64},
            base={"name": "tiny", "sha256": "1" * 64},
            form=Form.TEXT,
            template=locate_template("llama2").template,
            config={"max_length": 50},
            ledger={},
            metrics={},
            versions={},
            outputs=list_outputs(folder),
        ),
    )
    return folder


def by_hand(folder, text):
    from transformers import AutoTokenizer

    return scores_by_hand(folder, [ids_of_text(AutoTokenizer.from_pretrained(folder), text)])[0]


def test_a_text_gets_the_ids_of_training(bare):
    [scored] = score_texts(["[INST] Tea? [/INST] Yes"], str(bare))
    assert scored.score == pytest.approx(by_hand(bare, "[INST] Tea? [/INST] Yes"), abs=1e-5)


def test_a_conversation_wants_a_template(bare):
    with pytest.raises(PairsmithError, match="no chat template"):
        score_texts([TALK], str(bare))


def test_a_conversation_is_written_as_the_runs_text_was(run):
    given = [TALK, "\n\nHuman: Tea?\n\nAssistant: Yes", WRITTEN]
    scores = [scored.score for scored in score_texts(given, str(run))]
    assert scores == pytest.approx([by_hand(run, WRITTEN)] * 3, abs=1e-5)


@pytest.mark.parametrize("model", quick(["run", "messages"]))
def test_many_are_scored_as_each_alone_and_the_template_is_opened_once(
    model, run, tmp_path, monkeypatch
):
    folder = str(run if model == "run" else write_scorer(tmp_path / "model"))
    given = ["Tea?", TALK * 2, "\n\nHuman: Tea?\n\nAssistant: Yes", "Yes, tea"]
    alone = [score_texts([one], folder)[0] for one in given]
    opened = []

    def opening(*args):
        opened.append(args)
        return open_encoder(*args)

    monkeypatch.setattr(texts, "open_encoder", opening)
    together = score_texts(given, folder)
    assert [one.tokens for one in together] == [one.tokens for one in alone]
    assert len({one.tokens for one in alone}) == 4
    scores = [one.score for one in alone]
    assert [one.score for one in together] == pytest.approx(scores, abs=1e-5)
    assert len(opened) == 1


def test_the_limit_is_that_of_the_run(run):
    with pytest.raises(PairsmithError, match="text 2 has .* more than 50"):
        score_texts(["Tea?", "tea " * 100], str(run))
