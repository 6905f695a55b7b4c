"""Where real data lie, if they do: beside the repository."""

from pathlib import Path

DATA = Path(__file__).parents[2].parent / "shared" / "data"
REAL = DATA / "hh-rlhf"
REAL_FILE = REAL / "harmless-base" / "test.jsonl.gz"
DEMO = DATA / "preferences" / "dpo_en_demo.json"
