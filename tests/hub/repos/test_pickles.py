"""Pickles are told by their content, in every form that something loads; and nothing else is."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
import zlib

import pytest

from pairsmith.hub.repos.pickles import is_pickle
from support.hub.parquets import parquet

VALUE = {"leaves": [1, 2.5, None, "green"] * 20, "of": ("tea", True)}


def dumped(protocol):
    return pickle.dumps(VALUE, protocol)


def zipped(files, method=zipfile.ZIP_STORED, before=b""):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return before + held.getvalue()


def tarred(files):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def numpied(objects):
    numpy = pytest.importorskip("numpy")
    held = io.BytesIO()
    numpy.save(held, numpy.array([{}] if objects else [1.5], dtype=object if objects else float))
    return held.getvalue()


CALL = b"cposix\nsystem\n(S'true'\ntR."  # as old as pickles are, and runs a command
PICKLES = {
    **{f"protocol {protocol}": dumped(protocol) for protocol in range(6)},
    "a call": CALL,
    "a call before other bytes": CALL + b"and then anything",
    "a call behind a long text": b"V" + b"tea " * 100_000 + b"\n0" + CALL,
    "by its own opcode": b"(S'true'\niposix\nsystem\n.",
    "gzip": gzip.compress(dumped(2)),
    "zlib": zlib.compress(dumped(4)),
    "bz2": bz2.compress(dumped(4)),
    "xz": lzma.compress(dumped(4)),
    "torch": zipped({"m/data.pkl": dumped(2), "m/data/0": b"\0" * 64, "m/version": b"3\n"}),
    "a zip, no name": zipped({"weights": dumped(2)}),
    "a deflated zip": zipped({"weights": dumped(2)}, zipfile.ZIP_DEFLATED),
    "a zip behind other bytes": zipped({"weights": dumped(2)}, before=b"#!/bin/sh\n"),
    "an old torch": tarred({"sys_info": b"{}", "pickle": dumped(2)}),
    "objects of NumPy": numpied(True),
    "objects within npz": zipped({"a.npy": numpied(True)}),
}
OTHERS = {
    "nothing": b"",
    "a text": b"Data and notes. To be read.\n",
    "N.B.": b"N.B. leaves are green.\n",
    "a dot": b".",
    "S and I": b"Some words\nIn lines\n.",
    "V": b"Very plain words\nthat stop.",
    "JSON": json.dumps(VALUE).encode(),
    "Parquet": parquet({"prompt": ["p"] * 50, "chosen": ["c"] * 50, "rejected": ["r"] * 50}),
    "safetensors": b"\x40\0\0\0\0\0\0\0" + b'{"w":{"dtype":"F32","shape":[4]}}'.ljust(64),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "numbers of NumPy": numpied(False),
    "a zip of texts": zipped({"notes.txt": b"Data."}, zipfile.ZIP_DEFLATED),
    "a gzip of lines": gzip.compress(b'{"chosen": "c"}\n' * 50),
    "a tar of texts": tarred({"notes.txt": b"Data."}),
    "half a zip": zipped({"notes.txt": b"Data." * 50})[20:],
    "an end of a zip": b"PK\x05\x06" + b"\xff" * 18,
    "a directory nowhere": b"PK\x06\x07" + b"\xff" * 16 + b"PK\x05\x06" + b"\xff" * 18,
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_is_told_whatever_it_is_called(tmp_path, name):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(PICKLES[name])
    assert is_pickle(path)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_pickle_is_not_called_one(tmp_path, name):
    path = tmp_path / "weights.pkl"
    path.write_bytes(OTHERS[name])
    assert not is_pickle(path)


def test_whatever_is_in_a_file_it_is_told_in_a_moment(tmp_path):
    """Cut, repeated and turned bytes of every kind: an answer, and no fault."""
    path = tmp_path / "x"
    for name, data in {**PICKLES, **OTHERS}.items():
        for changed in (data[:-1], data[1:], data[: len(data) // 2], data[::-1], data * 3):
            path.write_bytes(changed[:100_000])
            assert is_pickle(path) in (True, False), name
