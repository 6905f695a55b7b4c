"""What each help ends in: commands as they are typed, by the names of the command."""

from __future__ import annotations

from collections.abc import Mapping

from pairsmith.cli.hub_examples import HUB
from pairsmith.cli.loop_examples import LOOP

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": (
        "pairsmith build sample out",
        "pairsmith show out",
    ),
    "build": (
        "pairsmith build sample out",
        "pairsmith build hf://datasets/Anthropic/hh-rlhf out --template llama2",
        "pairsmith build rows.csv out --columns prompt=q,chosen=best,rejected=worst",
        "pairsmith build data out --drop duplicates,leaks --on identical=keep",
    ),
    "check": ("pairsmith check out",),
    "show": (
        "pairsmith show out -n 5",
        "pairsmith show out --reason any",
        "pairsmith show out --id harmless-base/train/3",
        "pairsmith show out --finding duplicates:flipped",
        "pairsmith show out --search 'green tea' --random 5",
    ),
    "export": (
        "pairsmith export out trl --for trl",
        "pairsmith export out factory --for llamafactory",
    ),
    "preview": (
        "pairsmith preview out --tokenizer ./tokenizer",
        "pairsmith preview out --tokenizer ./tokenizer --max-length 512 -n 1",
    ),
    "audit": (
        "pairsmith audit out",
        "pairsmith audit out --only duplicates,leaks",
        "pairsmith audit out --tokenizer ./tokenizer --json",
    ),
    "explore": (
        "pairsmith explore out",
        "pairsmith explore out --no-text --only topics",
    ),
    "evaluate": (
        "pairsmith evaluate out --scores scores",
        "pairsmith evaluate scored.jsonl --rewardbench 2",
    ),
    "split": ("pairsmith split data halves --test 5%",),
    "score": (
        "pairsmith score out --model ./run",
        "pairsmith score 'Tea is a plant.' --model ./run",
    ),
    "publish": (
        "pairsmith publish out ann/pairs --gated manual --dry-run",
        "pairsmith publish out ann/pairs --gated manual",
        "pairsmith publish out ann/pairs --to http://127.0.0.1:8000",
    ),
    "templates": (
        "pairsmith templates",
        "pairsmith templates chatml",
    ),
    "serve": (
        "pairsmith serve ./hub",
        "pairsmith serve ./hub --port 9000 --room user=20GB,free=5GB",
    ),
    "train": ("pairsmith train reward out run --model ./model",),
    "train reward": (
        "pairsmith train reward out run --model ./model",
        "pairsmith train reward out run --model ./model --lora --max-steps 100",
    ),
    "train dpo": (
        "pairsmith train dpo out policy --model ./model",
        "pairsmith train dpo out policy --model ./model --confidence label --score run",
    ),
    "train rl": (
        "pairsmith train rl out run --model ./start --reward ./judge --watch ./other",
        "pairsmith train rl out run --model ./start --reward ./judge --method grpo",
    ),
    "hub": (
        "pairsmith hub user add ./hub ann",
        "pairsmith hub backup ./hub ./copy",
    ),
    **LOOP,
    **HUB,
}
"""Of each command; of the program itself, of ``."""
