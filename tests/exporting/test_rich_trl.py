"""The real TRL renders messages of many fields in an export as the source said them."""

import pytest

from exporting.test_types import write_pairs
from pairsmith.exporting.pair import Layout
from support.rich import PAIRS, rows
from support.slow import slow
from support.tiny import llama_model, llama_tokenizer

pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
pytestmark = [slow, pytest.mark.filterwarnings("default")]

TEMPLATE = (
    "{% if tools %}TOOLS{{ tools | tojson }}{% endif %}"
    "{% for m in messages %}<{{ m.role }}{% if m.name is defined %} {{ m.name }}{% endif %}>"
    "{% if m.reasoning_content is defined %}<think>{{ m.reasoning_content }}</think>{% endif %}"
    "{{ m.content }}"
    "{% if 'tool_calls' in m %}{% for c in m.tool_calls %}CALL {{ c.function.name }} "
    "{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }};{% endfor %}{% endfor %}"
    "{% endif %}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
"""Writes every field, and whether it is there at all."""


@pytest.fixture(scope="module")
def tokenizer():
    made = llama_tokenizer(["Does the mint need water? Yes, a little.", "soil_moisture"])
    made.chat_template = TEMPLATE
    return made


def args(config, folder, **more):
    quiet = {"report_to": [], "use_cpu": True, "bf16": False, "disable_tqdm": True}
    return config(output_dir=str(folder / "run"), max_length=10_000, **quiet, **more)


def wanted(tokenizer, name, side):
    prompt, chosen, rejected, tools = PAIRS[name]
    whole = prompt + (chosen if side == "chosen" else rejected)
    return tokenizer.apply_chat_template(whole, tools=tools, tokenize=True, return_dict=False)


@pytest.mark.parametrize("trainer", ["trl", "trl-reward"])
def test_ids_are_those_of_the_source(trainer, tokenizer, tmp_path):
    write_pairs(tmp_path / "export", trainer, rows(), Layout(tools=True, several=True))
    loaded = datasets.load_dataset(str(tmp_path / "export"), cache_dir=str(tmp_path / "cache"))
    llama_model(len(tokenizer)).save_pretrained(tmp_path / "model")
    kind, config = (
        (trl.DPOTrainer, trl.DPOConfig)
        if trainer == "trl"
        else (trl.RewardTrainer, trl.RewardConfig)
    )
    prepared = kind(
        model=str(tmp_path / "model"),
        args=args(config, tmp_path),
        train_dataset=loaded["train"],
        processing_class=tokenizer,
    ).train_dataset.to_list()
    assert [row["id"].split("/")[-1] for row in prepared] == list(PAIRS)
    for row in prepared:
        for side in ("chosen", "rejected"):
            ids = row[f"{side}_ids"]
            if trainer == "trl":
                ids = row["prompt_ids"] + ids
            assert ids == wanted(tokenizer, row["id"].split("/")[-1], side)
