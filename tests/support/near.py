"""Near duplicates: texts whose likeness is known, builds of them, and shingles by the book."""

import contextlib
import json
import random
import unicodedata

import pairsmith
from pairsmith.auditing.answer import FINDINGS, Study
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset

SPACELESS = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def tokens(text):
    """The tokens of a text, character by character."""
    found, held = [], ""
    for character in unicodedata.normalize("NFC", text):
        alone = unicodedata.name(character, "").startswith(SPACELESS)
        letter = unicodedata.category(character)[0] in "LMN"
        if not letter or alone:
            found, held = [*found, held], ""
        if letter and alone:
            found.append(character)
        elif letter:
            held += character.lower()
    return [token for token in [*found, held] if token]


def shingles(*texts):
    """The shingles of texts that are one."""
    said = [token for text in texts for token in tokens(text)]
    return {tuple(said[at : at + 5]) for at in range(max(len(said) - 4, bool(said)))}


def jaccard(left, right):
    return len(left & right) / len(left | right) if left or right else 0


def whole(row):
    """All the shingles of a row `(prompt, chosen, rejected)`, the prompt a text or several."""
    prompt, chosen, rejected = row
    turns = [prompt] if isinstance(prompt, str) else prompt
    return shingles(*turns) | shingles(chosen) | shingles(rejected)


def transcript(prompt, reply):
    turns = [*([prompt] if isinstance(prompt, str) else prompt), reply]
    roles = ("Human", "Assistant")
    return "".join(f"\n\n{roles[at % 2]}: {turn}" for at, turn in enumerate(turns))


def build(folder, template=None, **splits):
    """A build of rows `(prompt, chosen, rejected)` by split."""
    for split, rows in splits.items():
        file = folder / "in" / "harmless-base" / f"{split}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        sides = [
            {"chosen": transcript(prompt, chosen), "rejected": transcript(prompt, rejected)}
            for prompt, chosen, rejected in rows
        ]
        file.write_text("".join(json.dumps(side) + "\n" for side in sides), encoding="utf-8")
    pairsmith.build(folder / "in", folder / "out", template=template)
    return folder / "out"


@contextlib.contextmanager
def study_of(out):
    data = Dataset(out)
    with open_keys(data) as keys:
        yield Study(data, keys)


def ask(question, out):
    with study_of(out) as study:
        answer = question.ask(study)
    assert answer.findings.schema == FINDINGS
    return answer


class Writer:
    """Texts of words that are drawn once and never again."""

    def __init__(self, seed):
        self.draw, self.count = random.Random(seed), 0

    def words(self, count):
        self.count += count
        made = [f"w{number:x}" for number in range(self.count - count, self.count)]
        self.draw.shuffle(made)
        return made

    def row(self, size):
        """A row with so many shingles."""
        chosen, rejected = self.draw.randint(1, size // 4), self.draw.randint(1, size // 4)
        counts = (size - chosen - rejected, chosen, rejected)
        return tuple(" ".join(self.words(count + 4)) for count in counts)

    def twin(self, row, changed):
        """The same with the last words of the prompt changed, and with them so many shingles."""
        prompt = row[0].split()
        kept = prompt[: len(prompt) - changed]
        return " ".join([*kept, *self.words(changed)]), *row[1:]


def likeness(size, changed):
    """The Jaccard similarity of a row of so many shingles and such a twin."""
    return (size - changed) / (size + changed)
