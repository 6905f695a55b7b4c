"""Pickles told by what is in them, whatever their names: to load one is to run what it says.

Nothing here unpickles anything. The opcodes of a stream are followed as far as it takes to tell,
with a stack on which nothing lies: its bounds are numbers of opcodes, of bytes and of files within
an archive, whatever a file says of itself.
"""

from __future__ import annotations

import bz2
import lzma
import pickletools
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_OPCODES = 2_000  # that are followed: no text and no other format goes on for as long
MAX_LINE_BYTES = 1 << 20  # bytes of an argument that ends with its line
MAX_UNPACKED_BYTES = 1 << 16  # bytes that are unpacked of what is compressed
MAX_PACKED_BYTES = 1 << 16  # bytes that are read of it for that
MAX_MEMBERS = 200  # files within an archive that are looked at
MAX_DIRECTORY_BYTES = 1 << 20  # bytes of the list of them
MAX_MEMORY = 32 << 20  # bytes that unpacking takes
TAIL = 22 + (1 << 16)  # bytes: the end of a zip's directory, and the longest comment behind it
NUMPY_HEAD = 1 << 12  # bytes of the head of a NumPy file that are read
CALLS = frozenset(  # what makes more of a stream than plain values
    {"GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4", "REDUCE", "NEWOBJ", "NEWOBJ_EX"}
)
OPCODES = {ord(one.code): one for one in pickletools.opcodes}
PROTO = 0x80
LENGTHS = {  # how the length of an argument is written that stands before it
    pickletools.TAKEN_FROM_ARGUMENT1: "<B",
    pickletools.TAKEN_FROM_ARGUMENT4: "<i",
    pickletools.TAKEN_FROM_ARGUMENT4U: "<I",
    pickletools.TAKEN_FROM_ARGUMENT8U: "<Q",
}
UNPACKERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": lambda data: zlib.decompressobj(31).decompress(data, MAX_UNPACKED_BYTES),
    b"\x78": lambda data: zlib.decompressobj(15).decompress(data, MAX_UNPACKED_BYTES),
    b"BZh": lambda data: bz2.BZ2Decompressor().decompress(data, MAX_UNPACKED_BYTES),
    b"\xfd7zXZ\x00": lambda data: _unpack_lzma(data, lzma.FORMAT_XZ),
    b"\x5d\x00\x00": lambda data: _unpack_lzma(data, lzma.FORMAT_ALONE),
}


class _Member(NamedTuple):
    """A file within a zip archive."""

    name: str
    packed: bool
    offset: int


def is_pickle(path: Path) -> bool:
    """Whether a content is a pickle, or holds one: as torch, joblib, NumPy and others write them.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(8)
        if any(_member_is_pickle(file, one) for one in _zip_members(file)):
            return True
        if head[:6] == b"\x93NUMPY":
            return _has_objects(file)
        if _is_stream(file, 0):
            return True
        if unpack := next((UNPACKERS[m] for m in UNPACKERS if head.startswith(m)), None):
            file.seek(0)
            return _is_packed_pickle(unpack, file.read(MAX_PACKED_BYTES))
        return any(_is_stream(file, at) for at in _tar_members(file))


def _is_stream(file: BinaryIO, start: int) -> bool:
    """Whether a pickle begins there: its opcodes follow each other as a machine could run them."""
    file.seek(0, 2)
    size = file.tell()
    head = _read_at(file, start, 3)
    if len(head) == 3 and head[0] == PROTO and head[1] <= 5 and head[2] in OPCODES:
        return True
    file.seek(start)
    stack: list[bool] = []  # of each value whether it is a mark
    calls = False
    for count in range(MAX_OPCODES):
        code = file.read(1)
        opcode = OPCODES.get(code[0]) if code else None
        if opcode is None or (count == 0 and opcode.name in ("PERSID", "STOP")):
            return False
        if not _skip_argument(file, opcode, size) or not _step(stack, opcode):
            return False
        calls = calls or opcode.name in CALLS
        if opcode.name == "STOP":
            return calls or file.tell() == size
    return True


def _skip_argument(file: BinaryIO, opcode: pickletools.OpcodeInfo, size: int) -> bool:
    """Reads past an opcode's argument; False where it is none, or is not whole."""
    if opcode.arg is None:
        return True
    length = opcode.arg.n
    if length == pickletools.UP_TO_NEWLINE:
        lines = 2 if opcode.name in ("GLOBAL", "INST") else 1
        found = [file.readline(MAX_LINE_BYTES) for _ in range(lines)]
        return all(line.endswith(b"\n") for line in found) and _is_line(opcode.name, found[0])
    if length < 0:
        form = LENGTHS[length]
        told = file.read(struct.calcsize(form))
        if len(told) < struct.calcsize(form):
            return False
        (length,) = struct.unpack(form, told)
    if not 0 <= length <= size - file.tell():
        return False
    file.seek(length, 1)
    return True


def _is_line(name: str, line: bytes) -> bool:
    """Whether a line can be the argument of an opcode: words after an S or an I are none."""
    text = line.strip()
    if name == "STRING":
        return len(text) > 1 and text[:1] in (b"'", b'"') and text[-1:] == text[:1]
    if name in ("INT", "LONG", "GET", "PUT", "FLOAT"):
        return bool(text) and not text.strip(b"+-.0123456789eELinfa")
    return True


def _step(stack: list[bool], opcode: pickletools.OpcodeInfo) -> bool:
    """What an opcode does to the stack; False where too little lies on it."""
    taken = opcode.stack_before
    count = len(taken)
    pops_mark = opcode.name == "POP" and bool(stack) and stack[-1]
    if pickletools.markobject in taken or pops_mark:
        if True not in stack:
            return False
        while not stack.pop():
            pass
        count = 0 if pops_mark else taken.index(pickletools.markobject)
    if len(stack) < count or (opcode.name == "STOP" and stack[-1]):
        return False
    del stack[len(stack) - count :]
    stack.extend(given is pickletools.markobject for given in opcode.stack_after)
    return True


def _is_packed_pickle(unpack: Callable[[bytes], bytes], data: bytes) -> bool:
    try:
        inner = unpack(data)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
        return False
    return _is_stream(BytesIO(inner), 0)


def _unpack_lzma(data: bytes, form: int) -> bytes:
    return lzma.LZMADecompressor(form, memlimit=MAX_MEMORY).decompress(data, MAX_UNPACKED_BYTES)


def _has_objects(file: BinaryIO) -> bool:
    """Whether a NumPy array is one of objects, which are pickled behind its head."""
    head = _read_at(file, 0, NUMPY_HEAD).partition(b"\n")[0]
    return b"|O" in head or b"'O'" in head


def _zip_end(file: BinaryIO) -> tuple[int, bytes] | None:
    """Where the end of a zip's directory lies, and its bytes; whatever stands before the zip."""
    file.seek(0, 2)
    start = max(0, file.tell() - TAIL)
    file.seek(start)
    tail = file.read(TAIL)
    at = tail.rfind(b"PK\x05\x06")
    found = tail[at : at + 22]
    return (start + at, found) if at >= 0 and len(found) == 22 else None


def _zip_members(file: BinaryIO) -> Iterator[_Member]:
    """The first files of a zip archive, by its directory."""
    end = _zip_end(file)
    if end is None:
        return
    place, told = end
    size, offset = struct.unpack("<II", told[12:20])
    if 0xFFFFFFFF in (size, offset):
        size, offset = _zip64(file, place) or (size, offset)
    shift = max(0, place - size - offset) if size + offset <= place else 0
    listed = _read_at(file, offset + shift, min(size, MAX_DIRECTORY_BYTES))
    at = 0
    for _ in range(MAX_MEMBERS):
        entry = listed[at : at + 46]
        if len(entry) < 46 or entry[:4] != b"PK\x01\x02":
            return
        method = struct.unpack("<H", entry[10:12])[0]
        name, extra, comment = struct.unpack("<HHH", entry[28:34])
        where = struct.unpack("<I", entry[42:46])[0] + shift
        told_name = listed[at + 46 : at + 46 + name].decode("utf-8", "replace")
        yield _Member(told_name, method != 0, where)
        at += 46 + name + extra + comment


def _zip64(file: BinaryIO, place: int) -> tuple[int, int] | None:
    """Size and place of the directory of an archive of more than four gigabytes."""
    locator = _read_at(file, max(0, place - 20), 20)
    if locator[:4] != b"PK\x06\x07" or len(locator) < 20:
        return None
    end = _read_at(file, struct.unpack("<Q", locator[8:16])[0], 56)
    if end[:4] != b"PK\x06\x06" or len(end) < 56:
        return None
    size, offset = struct.unpack("<QQ", end[40:56])
    return size, offset


def _member_is_pickle(file: BinaryIO, one: _Member) -> bool:
    if one.name.lower().endswith((".pkl", ".pickle")):
        return True
    head = _read_at(file, one.offset, 30)
    if head[:4] != b"PK\x03\x04" or len(head) < 30:
        return False
    name, extra = struct.unpack("<HH", head[26:30])
    start = one.offset + 30 + name + extra
    data = _read_at(file, start, MAX_PACKED_BYTES)
    if one.packed:
        try:
            data = zlib.decompressobj(-15).decompress(data, MAX_UNPACKED_BYTES)
        except zlib.error:
            return False
    if data[:6] == b"\x93NUMPY":
        return _has_objects(BytesIO(data))
    return _is_stream(BytesIO(data), 0) if one.packed else _is_stream(file, start)


def _tar_members(file: BinaryIO) -> Iterator[int]:
    """Where the first files within a tar archive begin."""
    at = 0
    for _ in range(MAX_MEMBERS):
        head = _read_at(file, at, 512)
        if len(head) < 512 or head[257:262] != b"ustar":
            return
        try:
            size = int(head[124:136].strip(b"\0 ") or b"0", 8)
        except ValueError:
            return
        yield at + 512
        at += 512 + -(-size // 512) * 512


def _read_at(file: BinaryIO, at: int, count: int) -> bytes:
    """Bytes from a place on that a file told of; none where it has no such place."""
    file.seek(0, 2)
    if not 0 <= at <= file.tell():
        return b""
    file.seek(at)
    return file.read(count)
