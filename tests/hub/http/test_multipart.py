"""Forms with files: the same however they come, and bounded."""

from __future__ import annotations

import pytest

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.multipart import MAX_FIELDS, MAX_FILES, FormReader

KIND = "multipart/form-data; boundary=edge"
FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="folder"\r\n\r\nma\xc3\xaft\xc3\xa9\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="files"; filename="C:\\x\\%22a%22.txt"\r\n'
    b"Content-Type: text/plain; charset=utf-7\r\n\r\none\r\n--edg\r\n\r\n"
    b'--edge\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="files"; filename="\xc3\xa4.bin"\r\n\r\n\0\r\n'
    b"--edge--\r\n"
)


class Kept:
    """What takes a file in, and keeps it."""

    def __init__(self) -> None:
        self.data = b""
        self.is_whole = False

    def write(self, data: bytes) -> None:
        self.data += data

    def end(self) -> None:
        self.is_whole = True


def read(data: bytes, step: int = 1 << 20, kind: str = KIND):
    """The fields of a form, and its files with the fields that stood before each."""
    taken = []

    def begin(name, fields):
        taken.append((name, dict(fields), Kept()))
        return taken[-1][2]

    reader = FormReader(kind, begin)
    for start in range(0, len(data), step):
        reader.write(data[start : start + step])
    fields = reader.finish()
    assert all(kept.is_whole for _, _, kept in taken)
    return fields, [(name, before, kept.data) for name, before, kept in taken]


def part(name: str, data: str = "", more: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"{more}'
    return f"--edge\r\n{head}\r\n\r\n{data}\r\n".encode()


@pytest.mark.parametrize("step", [1, 3, 64, 1 << 20])
def test_it_does_not_matter_in_which_pieces_a_form_comes(step):
    fields = {"folder": "maïté"}
    files = [('"a".txt', fields, b"one\r\n--edg\r\n"), ("ä.bin", fields, b"\0")]
    assert read(FORM, step) == (fields, files)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (FORM[:-10], {400}),
        (b"no form at all", {400}),
        (b"--edge\r\nX: y\r\n\r\na\r\n--edge--\r\n", {400}),
        (part("a", more='; x="' + "y" * 9000 + '"') + b"--edge--\r\n", {400, 413}),
        (b"".join(part(f"f{i}") for i in range(MAX_FIELDS + 1)) + b"--edge--\r\n", {413}),
        (part("f", more='; filename="a"') * (MAX_FILES + 1) + b"--edge--\r\n", {413}),
        (part("f", "x" * (17 << 10)) + b"--edge--\r\n", {413}),
        (b"--edge\r\n" + b"X: y\r\n" * 5000 + b"\r\n\r\n--edge--\r\n", {400, 413}),
        (part("f").replace(b'"f"', b'"\xff"') + b"--edge--\r\n", {400}),
        (part("f", "x", '; filename=""') + b"--edge--\r\n", {400}),
    ],
    ids=[
        "stops short", "none", "no disposition", "a long header", "many fields", "many files",
        "a long field", "many headers", "not UTF-8", "a file without a name",
    ],
)  # fmt: skip
def test_what_is_no_form_or_too_much_is_refused(data, status):
    """The library has a bound of its own of what stands before a field."""
    with pytest.raises(HubError) as caught:
        read(data, 100)
    assert caught.value.status in status


@pytest.mark.parametrize(
    "kind",
    ["", "application/json", "multipart/form-data", f"multipart/form-data; boundary={'x' * 300}"],
    ids=["none", "another", "no boundary", "a long boundary"],
)
def test_only_a_form_with_files_is_read(kind):
    with pytest.raises(HubError):
        read(FORM, kind=kind)
