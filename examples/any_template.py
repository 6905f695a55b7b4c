"""Text in a chat format of your own: `python examples/any_template.py`.

Shows a pair in a format that a `.jinja` file defines. The template is compiled to constant strings
by reading what it does to any content. A second template also makes one space of all white space
within contents, which no constants tell: it is rendered row by row, and the build says so. Without
its token the first is refused, with a hint.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

import pairsmith

OURS = """\
{%- for message in messages -%}
<|{{ message.role }}|>
{{ message.content | trim }}{{ eos_token if message.role == "assistant" }}
{% endfor -%}
{%- if add_generation_prompt -%}<|assistant|>
{% endif -%}
"""
FLAT = OURS.replace("message.content | trim", "message.content.split() | join(' ')")


def show(name: str, source: str, folder: Path, tokens: dict[str, str]) -> None:
    """Builds the sample with a template, and prints what came of it."""
    template, out = folder / f"{name}.jinja", folder / name
    template.write_text(source, encoding="utf-8")
    built = pairsmith.build("sample", out, template=str(template), tokens=tokens)
    print(f"{built.recipe.chat_format}: {built.totals.kept} rows")
    for remark in built.remarks:
        print(f"  {remark}")
    pair = pq.read_table(out / "harmless-base").to_pylist()[0]
    print(f"{pair['prompt']}[chosen]{pair['chosen']}[rejected]{pair['rejected']}")


def main() -> None:
    """Builds with two templates, and fails to with a third."""
    with TemporaryDirectory() as folder:
        show("ours", OURS, Path(folder), {"eos_token": "<|end|>"})
        show("flat", FLAT, Path(folder), {"eos_token": "<|end|>"})
        try:
            show("tokenless", OURS, Path(folder), {})
        except pairsmith.PairsmithError as error:
            print(f"refused: {error.message}\n  {error.hint}")


if __name__ == "__main__":
    main()
