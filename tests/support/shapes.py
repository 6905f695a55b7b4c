"""Rows of every shape, written from conversations by plain Python, and strategies for those."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from pairsmith.io.identity import WatchedFile
from pairsmith.io.paths import locate
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.read import arrange_rows, read_rows
from pairsmith.sources.reader import read_by_shape

NAMES = {"user": "human", "assistant": "gpt"}


def turn(message):
    return {"from": NAMES.get(message["role"], message["role"]), "value": message["content"]}


def message(role, content):
    return {"role": role, "content": content}


def exchanges(prompt):
    """The turns before the last as questions and answers, where there is no system message."""
    texts = [m["content"] for m in prompt[:-1]]
    return [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]


def alpaca(prompt):
    system = [m["content"] for m in prompt if m["role"] == "system"]
    turns = prompt[len(system) :]
    row = {"instruction": turns[-1]["content"], "history": exchanges(turns)}
    return {**row, "system": system[0]} if system else row


# from the prompt and the two replies, all messages, to a row
WRITE = {
    "trl": lambda p, c, r: {"prompt": p, "chosen": [c], "rejected": [r]},
    "trl-implicit": lambda p, c, r: {"chosen": [*p, c], "rejected": [*p, r]},
    "trl-text": lambda p, c, r: {
        "prompt": p[0]["content"], "chosen": c["content"], "rejected": r["content"],
    },
    "ultrafeedback": lambda p, c, r: {
        "prompt": p[0]["content"], "chosen": [*p, c], "rejected": [*p, r], "messages": [*p, c],
    },
    "sharegpt": lambda p, c, r: {
        "conversations": [turn(m) for m in p], "chosen": turn(c), "rejected": turn(r),
    },
    "openai": lambda p, c, r: {
        "input": {"messages": p, "tools": [], "parallel_tool_calls": True},
        "preferred_output": [c], "non_preferred_output": [r],
    },
    "alpaca": lambda p, c, r: {
        **alpaca(p), "chosen": c["content"], "rejected": r["content"], "output": "x",
    },
    "alpaca-output": lambda p, c, r: {**alpaca(p), "output": [c["content"], r["content"]]},
    "axolotl": lambda p, c, r: {"messages": p, "chosen": c, "rejected": r},
    "nemo-rl": lambda p, c, r: {
        "context": p,
        "completions": [{"rank": 1, "completion": [r]}, {"rank": 0, "completion": [c]}],
    },
    "ms-swift": lambda p, c, r: {"messages": [*p, c], "rejected_response": r["content"]},
}  # fmt: skip
SINGLE = ("trl-text",)
"""Shapes that hold one user turn and nothing before it."""

contents = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
).filter(lambda text: text.strip() and not text.startswith("\n\n"))


@st.composite
def rows(draw, shape):
    """A sound row of a shape, and the two conversations in it."""
    exchanged = 0 if shape in SINGLE else draw(st.integers(0, 2))
    prompt = [
        message(role, draw(contents)) for _ in range(exchanged) for role in ("user", "assistant")
    ]
    prompt.append(message("user", draw(contents)))
    if shape not in SINGLE and draw(st.booleans()):
        prompt.insert(0, message("system", draw(contents)))
    chosen, rejected = (message("assistant", draw(st.just("") | contents)) for _ in range(2))
    sides = {"chosen": [*prompt, chosen], "rejected": [*prompt, rejected]}
    return WRITE[shape](prompt, chosen, rejected), sides


def example(shape, name="dog"):
    """One mild sound row of a shape."""
    return WRITE[shape](
        [message("user", f"Name a {name}.")],
        message("assistant", "Rex."),
        message("assistant", "No."),
    )


def write(path, held):
    """Writes rows in the format that the name's ending tells."""
    lines = "".join(json.dumps(row) + "\n" for row in held).encode()
    if path.suffix == ".parquet":
        names = list(dict.fromkeys(name for row in held for name in row))
        pq.write_table(pa.Table.from_pylist([dict.fromkeys(names) | row for row in held]), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(held, indent=1, ensure_ascii=False), encoding="utf-8")
    else:
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def source_file(path):
    return SourceFile(Kind.PAIRS, "mine", "train", path.name, locate(str(path)))


def blocks(path, shape):
    file, reader = source_file(path), read_by_shape(shape)
    with WatchedFile(file.place, file.path) as metered:
        for rows in read_rows(file, metered, reader):
            yield arrange_rows(file, rows, reader)


def as_told(row):
    """A row without what is null in it, but for its two sides and its fault."""
    held = {name: value for name, value in row.items() if value is not None}
    sides = {
        side: [{n: v for n, v in message.items() if v is not None} for message in row[side]]
        if isinstance(row[side], list)
        else row[side]
        for side in ("chosen", "rejected")
    }
    return {**held, **sides, "fault": row["fault"]}


def read(path, shape):
    """All rows of a file, as the source yields them."""
    held = []
    for block in blocks(path, shape):
        block.rows.validate(full=True)
        held += [as_told(row) for row in block.rows.to_pylist()]
    return held
