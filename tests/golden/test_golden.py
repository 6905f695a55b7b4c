"""Builds, exports and splits write the bytes that they wrote when `expected.json` was recorded.

Where bytes are meant to change, `python tests/golden/record.py` records them anew.
"""

import pyarrow.parquet as pq
import pytest

import pairsmith
from golden import sources
from golden.cases import CASES, REAL, observe
from golden.expected import find_differences, read_expected
from golden.fingerprints import fingerprint
from golden.writers import Writers, find_writers, writes_same_parquet
from support.slow import quick

EXPECTED = read_expected()
LONG = ("actions-flip", "actions-smooth", "command-line", "forced", "sample-messages-policies")
QUICK = [
    *(name for name in CASES if not name.startswith(("template-", "shape-")) and name not in LONG),
    "template-chatml", "template-dated", "template-row-by-row", "template-tokenizer",
    "shape-hh-prompt", "shape-openai-text", "shape-sharegpt", "shape-trl",
]  # fmt: skip
HERE = find_writers()
OTHER = Writers(pyarrow="0.0.0", isal="")
PARQUET_IS_OTHER = (
    f"pyarrow {HERE.pyarrow} writes Parquet here, and {EXPECTED.writers.pyarrow} wrote what is "
    "recorded: rows are compared, the bytes of shards and their hashes are not"
)
GZIP_IS_OTHER = (
    "isal compresses otherwise here than where hashes were recorded: what is in gzip files is "
    "compared, their bytes are not"
)


@pytest.mark.parametrize("name", quick(CASES, *QUICK))
def test_files_are_as_recorded(name, tmp_path):
    if CASES[name].is_real and not REAL.exists():
        pytest.skip("the real HH-RLHF file is not beside the repository, in ../shared/data/hh-rlhf")
    seen = observe(CASES[name], tmp_path)
    differences = find_differences(seen, EXPECTED.cases[name], HERE, EXPECTED.writers)
    assert not differences, "\n".join(differences)


def test_every_case_is_recorded():
    assert list(EXPECTED.cases) == list(CASES)
    assert all(case.files for case in EXPECTED.cases.values())


@pytest.mark.parametrize("shape", sources.PACKED)
def test_files_that_lie_ready_hold_the_rows(shape):
    assert sources.unpack(shape) == sources.shape_rows(shape)


@pytest.fixture
def built(tmp_path):
    pairsmith.build("sample", tmp_path / "built", template="llama2")
    return tmp_path / "built"


def test_a_version_is_masked_and_nothing_else(built):
    before = fingerprint(built)
    for name in ("manifest.json", "README.md"):
        text = (built / name).read_text(encoding="utf-8")
        assert text.count(pairsmith.__version__) == 1
        renamed = text.replace(pairsmith.__version__, "99.0.0", 1)
        (built / name).write_text(renamed, encoding="utf-8", newline="\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairsmith, "__version__", "99.0.0")
        assert fingerprint(built) == before
    assert find_differences(fingerprint(built), before, HERE, HERE) == [
        "README.md: other bytes",
        "manifest.json: holds something else",
    ]


def test_differences_are_found(built):
    before = fingerprint(built)
    shard = built / "red-team-attempts" / "train-00000-of-00001.parquet"
    pq.write_table(pq.read_table(shard), shard, compression="none")
    (built / "quarantine" / "harmless-base-test.jsonl").unlink()
    (built / "quarantine" / "more.jsonl").write_bytes(b"\n")
    (built / "README.md").write_bytes(b"\n")
    found = [
        "README.md: other bytes",
        "manifest.json: other bytes of the same content",
        "quarantine/harmless-base-test.jsonl: is missing",
        "quarantine/more.jsonl: was not there",
        "red-team-attempts/train-00000-of-00001.parquet: other bytes of the same content",
    ]
    after = fingerprint(built)
    assert find_differences(after, before, HERE, HERE) == found
    compared = [line for line in found if "of the same content" not in line]
    assert find_differences(after, before, HERE, OTHER) == compared
    pq.write_table(pq.read_table(shard).slice(1), shard)
    holds = "red-team-attempts/train-00000-of-00001.parquet: holds something else"
    assert find_differences(fingerprint(built), before, HERE, OTHER) == [*compared, holds]


def recorded_with(case, ending, sha256):
    """What is recorded of a case, the hash of its first file of this ending another."""
    recorded = EXPECTED.cases[case]
    name = next(path for path in recorded.files if path.endswith(ending))
    return recorded._replace(files={**recorded.files, name: sha256}), name


@pytest.mark.skipif(not writes_same_parquet(HERE, EXPECTED.writers), reason=PARQUET_IS_OTHER)
def test_another_hash_of_a_shard_is_a_difference(tmp_path):
    recorded, name = recorded_with("sample-llama2", ".parquet", "0" * 64)
    seen = observe(CASES["sample-llama2"], tmp_path)
    differences = find_differences(seen, recorded, HERE, EXPECTED.writers)
    assert [line for line in differences if name in line]


@pytest.mark.skipif(HERE.isal != EXPECTED.writers.isal, reason=GZIP_IS_OTHER)
def test_another_hash_of_a_gzip_file_is_a_difference(tmp_path):
    recorded, name = recorded_with("split-sample", ".gz", "0" * 64)
    seen = observe(CASES["split-sample"], tmp_path)
    differences = find_differences(seen, recorded, HERE, EXPECTED.writers)
    assert [line for line in differences if name in line]
