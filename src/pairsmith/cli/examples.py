"""What each help ends in: commands as they are typed, by the names of the command."""

from __future__ import annotations

from collections.abc import Mapping

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
    "lineage": (
        "pairsmith lineage run",
        "pairsmith lineage run --search ../models --svg lineage.svg",
    ),
    "rounds": (
        "pairsmith rounds mixed",
        "pairsmith rounds mixed --scores rm-0 --samples first --samples second",
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
    "hub": (
        "pairsmith hub user add ./hub ann",
        "pairsmith hub backup ./hub ./copy",
    ),
    "hub backup": ("pairsmith hub backup ./hub ./copy --prove",),
    "hub verify": ("pairsmith hub verify ./hub",),
    "hub user": ("pairsmith hub user add ./hub ann",),
    "hub user add": ("pairsmith hub user add ./hub ann --email ann@example.org",),
    "hub user password": ("pairsmith hub user password ./hub ann",),
    "hub user suspend": ("pairsmith hub user suspend ./hub ann",),
    "hub user restore": ("pairsmith hub user restore ./hub ann",),
    "hub user codes-off": ("pairsmith hub user codes-off ./hub ann",),
    "hub user remove": ("pairsmith hub user remove ./hub ann",),
    "hub token": ("pairsmith hub token add ./hub ann --write",),
    "hub token add": ("pairsmith hub token add ./hub ann --name laptop --write",),
    "hub organization": ("pairsmith hub organization list ./hub",),
    "hub organization add": ("pairsmith hub organization add ./hub guild --admin ann",),
    "hub organization list": ("pairsmith hub organization list ./hub --json",),
    "hub organization role": ("pairsmith hub organization role ./hub guild bob write",),
    "hub user list": ("pairsmith hub user list ./hub",),
    "hub token list": ("pairsmith hub token list ./hub ann",),
    "hub token revoke": ("pairsmith hub token revoke ./hub ann laptop",),
}
"""Of each command; of the program itself, of ``."""
