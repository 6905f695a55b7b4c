"""Invented sources whose bytes are the same on every machine: no clock, no chance, no compressor.

Compressed and Parquet files lie ready in `inputs/`, because what a compressor writes depends on its
version, and a manifest holds the hash of what was read.
"""

import gzip
import hashlib
import json
from pathlib import Path

INPUTS = Path(__file__).parent / "inputs"

USER, ASSISTANT, SYSTEM = "user", "assistant", "system"
SPEAKERS = {USER: "human", ASSISTANT: "gpt"}


def message(role, content):
    return {"role": role, "content": content}


def as_sharegpt(turn):
    return {"from": SPEAKERS.get(turn["role"], turn["role"]), "value": turn["content"]}


def as_alpaca(prompt):
    system = [turn["content"] for turn in prompt if turn["role"] == SYSTEM]
    *earlier, last = (turn["content"] for turn in prompt if turn["role"] != SYSTEM)
    history = [list(exchange) for exchange in zip(earlier[::2], earlier[1::2], strict=True)]
    row = {"instruction": last, "input": "", "history": history}
    return {**row, "system": system[0]} if system else row


def as_transcript(turns):
    names = {USER: "Human", ASSISTANT: "Assistant"}
    return "".join(f"\n\n{names[turn['role']]}: {turn['content']}" for turn in turns)


SHAPES = {
    "hh-prompt": lambda p, c, r: {
        "prompt": f"{as_transcript(p)}\n\nAssistant:",
        "chosen": f" {c['content']}", "rejected": f" {r['content']}",
    },
    "trl": lambda p, c, r: {"prompt": p, "chosen": [c], "rejected": [r]},
    "trl-implicit": lambda p, c, r: {"chosen": [*p, c], "rejected": [*p, r]},
    "trl-text": lambda p, c, r: {
        "prompt": p[0]["content"], "chosen": c["content"], "rejected": r["content"],
    },
    "ultrafeedback": lambda p, c, r: {
        "prompt": p[0]["content"], "chosen": [*p, c], "rejected": [*p, r], "score": 0.5,
    },
    "sharegpt": lambda p, c, r: {
        "conversations": [as_sharegpt(turn) for turn in p],
        "chosen": as_sharegpt(c), "rejected": as_sharegpt(r),
    },
    "openai": lambda p, c, r: {
        "input": {"messages": p}, "preferred_output": [c], "non_preferred_output": [r],
    },
    "alpaca": lambda p, c, r: {
        **as_alpaca(p), "chosen": c["content"], "rejected": r["content"],
    },
    "alpaca-output": lambda p, c, r: {**as_alpaca(p), "output": [c["content"], r["content"]]},
    "axolotl": lambda p, c, r: {"messages": p, "chosen": c, "rejected": r},
    "nemo-rl": lambda p, c, r: {
        "context": p,
        "completions": [{"rank": 1, "completion": [r]}, {"rank": 0, "completion": [c]}],
    },
    "ms-swift": lambda p, c, r: {"messages": [*p, c], "rejected_response": r["content"]},
}  # fmt: skip
"""From a prompt and two replies, all messages, to a row of each shape but `hh`."""

FILES = {
    "hh-prompt": "jsonl", "trl": "json", "trl-implicit": "jsonl", "trl-text": "jsonl",
    "ultrafeedback": "parquet", "sharegpt": "json", "openai": "jsonl.gz", "alpaca": "jsonl.zst",
    "alpaca-output": "json", "axolotl": "jsonl", "nemo-rl": "jsonl", "ms-swift": "jsonl",
}  # fmt: skip
"""The kind of file that each shape is written as."""

PACKED = tuple(
    shape for shape, kind in FILES.items() if kind in ("parquet", "jsonl.gz", "jsonl.zst")
)
NO_SYSTEM = ("hh-prompt", "trl-text", "ultrafeedback")
ONE_TURN = ("trl-text",)

ROLES = (USER, ASSISTANT)


def conversation(*contents, system=None):
    turns = [message(ROLES[place % 2], content) for place, content in enumerate(contents)]
    return [message(SYSTEM, system), *turns] if system else turns


def shape_rows(shape):
    """Sound rows, some in other scripts, one with equal replies, and one that is malformed."""
    prompts = [conversation("Name a tea.")]
    if shape not in ONE_TURN:
        prompts.append(conversation("Is tea hot?", "Mostly — 是的.", "  And cold\n\ntea?\t"))
    if shape not in NO_SYSTEM:
        prompts.append(conversation("Say <b>hi</b> & bye.", system="Be brief.\nBe kind: naïve é."))
    pairs = [
        ('Assam, "black" \\ strong.', "No."),
        (" Oolong 🍵\n", "Why?"),
        ("The same.", "The same."),
    ]
    rows = [
        SHAPES[shape](prompt, message(ASSISTANT, better), message(ASSISTANT, worse))
        for prompt in prompts
        for better, worse in pairs
    ]
    last = list(rows[0])[-1]
    broken = dict.fromkeys(rows[0]) if FILES[shape] == "parquet" else {**rows[0], last: 7}
    return [*rows, broken]


def as_lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_lines(rows))
    return path


def write_shape(folder, shape):
    """Writes the rows of a shape, or finds the file that lies ready; returns its path."""
    path = folder / f"{shape}.{FILES[shape]}"
    if shape in PACKED:
        return INPUTS / path.name
    if path.suffix == ".json":
        path.write_text(json.dumps(shape_rows(shape), indent=1), encoding="utf-8", newline="\n")
        return path
    return write_lines(path, shape_rows(shape))


def pack(shape):
    """Writes the file of a shape that lies ready, by the compressors at hand."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from backports import zstd

    path, rows = INPUTS / f"{shape}.{FILES[shape]}", shape_rows(shape)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=4)
    else:
        compress = {".gz": lambda lines: gzip.compress(lines, mtime=0), ".zst": zstd.compress}
        path.write_bytes(compress[path.suffix](as_lines(rows)))


def unpack(shape):
    """The rows of the file of a shape that lies ready."""
    import pyarrow.parquet as pq
    from backports import zstd

    path = INPUTS / f"{shape}.{FILES[shape]}"
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    decompress = {".gz": gzip.decompress, ".zst": zstd.decompress}[path.suffix]
    return [json.loads(line) for line in decompress(path.read_bytes()).splitlines()]


def transcripts(prompt, better, worse):
    """A row of the shape `hh`."""
    return {
        side: as_transcript([*prompt, message(ASSISTANT, reply)])
        for side, reply in (("chosen", better), ("rejected", worse))
    }


def write_transcripts(path):
    """Transcripts of several lengths and scripts, and texts that some templates treat specially."""
    talk = ["Is tea hot?", "Mostly.\n\nNot always.", "And  iced tea?", "  ", "Well?"]
    rows = [transcripts(conversation(*talk[:size]), "Ja.", "Nein, danke.") for size in (1, 3)]
    rows += [
        transcripts(conversation(asked), better, worse)
        for asked, better, worse in (
            ("\tWhich one? \n", "<think>Green?</think> Green.", "<think>\n"),
            ("日本のお茶は？", "玉露です。\n\n\n とても良い。", "…"),
            ("Does Human: stand here?", "Yes, and Assistant: too.", "No\n\nHuman"),
            ("<|im_start|>system", "It is a mark.", "</s> is one, too."),
            ("[INST] x [/INST]", "<start_of_turn>model", "<|eot_id|>"),
            ("<b>&amp; {{ braces }} {% raw %}", "\"quotes\" and \\ 'ticks'", "é ＆ ﬁ"),
            (" Cold? ", " Yes. ", "Yes."),
        )
    ]
    rows.append(transcripts(conversation(*talk), "Ja.", "Nein."))  # a blank turn
    rows.append(transcripts(conversation("One.", "Two.", "Three.", "Four."), "Ja.", "Nein."))
    rows.append(transcripts(conversation(*["Go on.", "And then?"] * 9, "Stop."), "Right.", "No."))
    return write_lines(path, rows)


SOUND = as_lines([transcripts(conversation("Is tea hot?"), "Mostly.", "No.")]).strip()

ODD_LINES = (
    SOUND + b"\r",
    b"",
    b"   ",
    b"{",
    b"7",
    b"null",
    b'["chosen", "rejected"]',
    b'{"chosen": "\\n\\nHuman: a\\n\\nAssistant: b"}',
    b'{"chosen": 1, "rejected": true}',
    SOUND.replace(b"Mostly", b"M\xff\xfe"),
    SOUND.replace(b"Mostly", b"M\\u0000"),
    SOUND.replace(b"Mostly", b"M\\ud800"),
    SOUND.replace(b"Mostly", b"M\\ud83c\\udf75"),
    SOUND.replace(b"Mostly", "M\u2028\u0085\u00a0".encode()),
    SOUND.replace(b'"rejected"', b'"chosen"'),
    SOUND[:-1] + b', "chosen": "\\n\\nHuman: a\\n\\nAssistant: b"}',
    SOUND[:-1] + b', "more": [1, {"x": null}]}',
    SOUND.replace(b"\\n\\nHuman:", b"Human:"),
    SOUND.replace(b"\\n\\nHuman:", b"Once. \\n\\nHuman:"),
    SOUND.replace(b": Mostly.", b":"),
    SOUND.replace(b": Mostly.", b": "),
    SOUND.replace(b"Mostly.", b"Mostly.\\n\\nHuman: And now?"),
    SOUND.replace(b"Mostly", b"Mostly, " * 500),
    SOUND.replace(b"No.", b"Mostly."),
    SOUND,
)
"""Lines of a file, good and bad; the last one has no line end."""


def write_odd(path):
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(ODD_LINES))
    return path


def write_many(path, rows):
    """Many small rows: so many that a shard has several row groups."""
    line = '{{"chosen": "\\n\\nHuman: {0}?\\n\\nAssistant: {1}.", "rejected": "\\n\\nHuman: {0}?'
    line += '\\n\\nAssistant: no {2}."}}\n'
    text = "".join(line.format(n, n * n % 97, n % 3) for n in range(rows))
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


GOOD = ("clear", "exact", "patient", "careful", "useful", "kind", "honest", "simple", "gentle")
BAD = ("whatever", "nonsense", "rude", "lazy", "wrong", "vague", "silly", "harsh", "sloppy")
THINGS = tuple(f"thing{number}" for number in range(200))


def choose(words, *seed):
    """A word by a seed, the same in every version of Python."""
    digest = hashlib.sha256(repr(seed).encode()).digest()
    return words[int.from_bytes(digest[:8], "big") % len(words)]


def labelled_row(number):
    """A pair by number, whose better reply has words of its own; one label in ten is wrong."""
    better, worse = (
        " ".join(choose(words if place % 2 else THINGS, number, place) for place in range(8))
        for words in (GOOD, BAD)
    )
    replies = (worse, better) if number % 10 == 3 else (better, worse)
    return transcripts(conversation(f"Tell me of case {number}, please."), *replies)


def exchange(row):
    return {"chosen": row["rejected"], "rejected": row["chosen"]}


def write_planted(folder):
    """Rows of train that repeat, nearly repeat, leak, contradict others or are mislabelled."""
    long = " ".join(f"word{number}" for number in range(60))
    near = [transcripts(conversation("What?"), f"{long} end {n}", f"{long} no {n}") for n in (1, 2)]
    rows = [labelled_row(number) for number in range(360)]
    tested = [labelled_row(number) for number in range(1000, 1020)]
    asked = "Tell me of case 1007, please."
    leaks = [
        transcripts(conversation(asked), "another good one", "another bad one"),
        transcripts(conversation(asked, "one more", "And?"), "so it is", "so it was"),
    ]
    train = [*rows, rows[5], near[0], exchange(rows[8]), near[1], tested[3], *leaks, near[0]]
    write_lines(folder / "one" / "train.jsonl", train)
    write_lines(folder / "one" / "test.jsonl", tested)
    write_lines(folder / "two" / "train.jsonl", [rows[5], exchange(rows[9]), exchange(tested[4])])
    return folder


FALCON = (
    "{% for m in messages %}"
    "{{ m.role + ': ' + m.content.replace('\n\n', '\n') + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
"""It changes blank lines inside contents, so it is rendered row by row."""

DATED = (
    "{{ strftime_now('%d %b %Y') + '\n' }}{% for m in messages %}"
    "{{ '<' + m.role + '>' + m.content + eos_token }}{% endfor %}"
)
REFUSING = (
    "{% for m in messages %}{% if '日本' in m.content %}{{ raise_exception('no such word') }}"
    "{% endif %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"
)


def write_template(folder, text):
    path = folder / "own.jinja"
    path.write_text(text, encoding="utf-8", newline="\n")
    return str(path)


def write_tokenizer(folder):
    """A tokenizer's folder: a template and the tokens that it writes."""
    template = (
        "{{ bos_token }}{% for m in messages %}{{ '[' + m.role + '] ' + m.content | trim }}"
        "{{ eos_token + '\n' }}{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
    )
    config = {"chat_template": template, "bos_token": "<s>", "eos_token": {"content": "</s>"}}
    path = folder / "tokenizer" / "tokenizer_config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(config | {"add_bos_token": True}), encoding="utf-8", newline="\n")
    return str(path.parent)
