"""The libraries that decide bytes, and whether they are those that were there when recorded."""

import io
from importlib.metadata import version
from typing import NamedTuple

from golden.fingerprints import sha256


class Writers(NamedTuple):
    """The libraries that decide bytes.

    Attributes:
        pyarrow: Its version; it writes Parquet.
        isal: The sha256 of a text that it compressed: what it writes may depend on the processor.
    """

    pyarrow: str
    isal: str


def find_writers():
    """The libraries at hand."""
    return Writers(version("pyarrow"), sha256(compress_probe()))


def compress_probe():
    from isal import igzip

    text = b"".join(b"%d tea %x\n" % (n % 77, n * n) for n in range(20_000))
    written = io.BytesIO()
    with igzip.IGzipFile("", "wb", 1, written, mtime=0) as file:
        file.write(text)
    return written.getvalue()


def writes_same_parquet(here, recorded):
    """Whether the major versions are the same, and as long: the file holds that length, too."""
    major, recorded_major = (writers.pyarrow.split(".")[0] for writers in (here, recorded))
    return major == recorded_major and len(here.pyarrow) == len(recorded.pyarrow)
