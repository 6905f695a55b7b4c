"""What is wrong with a dataset, and a build without it: `python examples/audit_and_mend.py`.

Needs the extra `audit`. Shows what an audit finds in generated rows with three planted faults (a
pair that stands twice, two pairs that contradict each other, a test conversation in train); then
the ledger of a second build that drops such rows, and an audit of that, which finds none.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pairsmith

QUESTIONS = ("duplicates", "leaks")
Row = dict[str, str]


def pair(number: int, better: str = "Gladly", worse: str = "No") -> Row:
    """A pair about one of many things."""
    asked = f"\n\nHuman: Tell me about stone number {number}, please.\n\nAssistant:"
    return {"chosen": f"{asked} {better}: {number}.", "rejected": f"{asked} {worse}: {number}."}


def write_source(source: Path) -> None:
    """Rows of train and test, three faults among them."""
    test = [pair(number) for number in range(100, 110)]
    faults = [pair(1), pair(2, better="No", worse="Gladly"), pair(105, better="With pleasure")]
    for name, rows in (("train", [pair(number) for number in range(40)] + faults), ("test", test)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (source / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def tell(out: Path) -> None:
    """Audits a build, and prints what was found."""
    for answer in pairsmith.audit(out, questions=QUESTIONS).answers:
        print(f"{answer.title}: {answer.sentence or answer.unanswered}")
        for finding in answer.findings.to_pylist():
            print(f"  {finding['kind']}: {', '.join(finding['rows'])}")


def main() -> None:
    """Builds, audits, builds again without what was found, and audits again."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "stones"
        source.mkdir()
        write_source(source)
        pairsmith.build(source, Path(folder) / "raw")
        tell(Path(folder) / "raw")

        built = pairsmith.build(source, Path(folder) / "mended", drop=[*QUESTIONS, "flipped"])
        kept, read, refused = built.totals.kept, built.totals.read, built.totals.quarantined
        print(f"\nmended: kept {kept} of {read}, {refused}")
        tell(Path(folder) / "mended")


if __name__ == "__main__":
    main()
