"""Records the files of every case anew, on purpose: python tests/golden/record.py

What it writes, `tests/golden/expected.json`, is what `test_golden.py` compares with. Run it only
where bytes on disk are meant to change, read the list of what is other than before that it prints,
and say in the commit why. It needs the real file in ../shared/data/hh-rlhf, so that no case is
lost, and what the tests need besides.

`--inputs` first writes `tests/golden/inputs` anew: files that lie ready because what compressors
write depends on their versions. Only where their rows were changed in `sources.py`.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

TESTS = Path(__file__).parent.parent
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))

from golden import sources  # noqa: E402
from golden.cases import CASES, REAL, observe  # noqa: E402
from golden.expected import (  # noqa: E402
    EXPECTED,
    Expected,
    find_differences,
    read_expected,
    write_expected,
)
from golden.fingerprints import Fingerprints  # noqa: E402
from golden.writers import find_writers  # noqa: E402


def record():
    """The fingerprints of every case, by name."""
    recorded = {}
    for name, case in CASES.items():
        with TemporaryDirectory() as folder:
            recorded[name] = observe(case, Path(folder))
        print(f"{name}: {len(recorded[name].files)} files")
    return Expected(find_writers(), recorded)


def print_differences(now, before):
    """A line for each file that is other than it was recorded before."""
    nothing = Fingerprints({}, {})
    for name in sorted({*now.cases, *before.cases}):
        new, old = (made.cases.get(name, nothing) for made in (now, before))
        for line in find_differences(new, old, now.writers, now.writers):
            print(f"{name}/{line}")


def main():
    if not REAL.exists():
        sys.exit(f"{REAL} is missing: cases that read it would be lost.")
    if "--inputs" in sys.argv[1:]:
        for shape in sources.PACKED:
            sources.pack(shape)
    before = read_expected() if EXPECTED.exists() else None
    now = record()
    write_expected(now)
    if before:
        print_differences(now, before)


if __name__ == "__main__":
    main()
