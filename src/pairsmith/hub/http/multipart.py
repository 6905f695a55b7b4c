"""Forms with files, read piece by piece: what is in a file goes on as it comes.

Names and fields are UTF-8, whatever the form says of itself. The fields that decide whether files
are taken in stand before the files, as in the hub's own pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pairsmith.hub.http.errors import HubError, bad_request, too_large

MAX_FIELDS = 20  # of a form with files
MAX_FIELD_BYTES = 16 << 10  # bytes of a field of it
MAX_FILES = 100  # of a form
MAX_HEADER_BYTES = 4 << 10  # bytes of what stands before a field or a file
ENCODED = {"%22": '"', "%0D": "\r", "%0A": "\n"}  # as browsers write these in names


class Taker(Protocol):
    """What takes a file in."""

    def write(self, data: bytes, /) -> object:
        """Takes the next bytes of it."""

    def end(self) -> object:
        """Told that it is whole."""


Begin = Callable[[str, dict[str, str]], Taker]
"""Given a file's name and the fields before it, what takes the file in; or it raises."""


class FormReader:
    """Reads a form with files. Fed from one thread at a time.

    Attributes:
        fields: The fields that were read, by name.
    """

    def __init__(self, content_type: str, begin: Begin) -> None:
        """One that is fed nothing yet.

        Args:
            content_type: The header of the request.
            begin: What takes files in.

        Raises:
            HubError: 400 where the header is not that of a form with files.
        """
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
            raise bad_request("This form has files, and is sent as multipart/form-data.")
        self.fields: dict[str, str] = {}
        self._begin = begin
        self._files = 0
        self._whole = False
        self._header: list[bytearray] = [bytearray(), bytearray()]
        self._told: dict[str, bytes] = {}
        self._name = ""
        self._field: bytearray | None = None
        self._file: Taker | None = None
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_part_data": self._part_data,
                "on_part_end": self._part_ends,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_end": self._end,
            },
        )

    def write(self, data: bytes) -> None:
        """Takes the next bytes of the form.

        Raises:
            HubError: 400 where it is no form; 413 where it has too much; what `begin` and what
                takes a file in raise.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise bad_request("This form cannot be read.") from error

    def finish(self) -> dict[str, str]:
        """The fields, once all was written.

        Raises:
            HubError: 400 where the form stops short.
        """
        if not self._whole:
            raise bad_request("This form stops short.")
        return self.fields

    def _end(self) -> None:
        self._whole = True

    def _part_begins(self) -> None:
        self._told, self._header = {}, [bytearray(), bytearray()]

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._add_to_header(0, data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._add_to_header(1, data[start:end])

    def _add_to_header(self, part: int, data: bytes) -> None:
        self._header[part] += data
        used = sum(map(len, (*self._header, *self._told.values())))
        if used > MAX_HEADER_BYTES or len(self._told) > MAX_FIELDS:
            raise too_large("What stands before a field", MAX_HEADER_BYTES)

    def _header_ends(self) -> None:
        name, value = self._header
        self._told[name.decode("latin-1").lower()] = bytes(value)
        self._header = [bytearray(), bytearray()]

    def _headers_end(self) -> None:
        said = self._told.get("content-disposition", b"")
        kind, options = parse_options_header(said)
        self._name = _text(options.get(b"name", b""))
        if kind != b"form-data" or not self._name:
            raise bad_request("This form has a part that is no field.")
        if b"filename" in options:
            self._file = self._take(_text(options[b"filename"]))
        elif len(self.fields) >= MAX_FIELDS:
            raise HubError(413, f"A form has up to {MAX_FIELDS} fields.", "TooLarge")
        else:
            self._field = bytearray()

    def _take(self, name: str) -> Taker:
        if not name:
            return _Nothing()
        self._files += 1
        if self._files > MAX_FILES:
            raise HubError(413, f"A form has up to {MAX_FILES} files.", "TooLarge")
        for encoded, letter in ENCODED.items():
            name = name.replace(encoded, letter)
        return self._begin(re.split(r"[/\\]", name)[-1], self.fields)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif self._field is not None:
            self._field += data[start:end]
            if len(self._field) > MAX_FIELD_BYTES:
                raise too_large("A field", MAX_FIELD_BYTES)

    def _part_ends(self) -> None:
        if self._file is not None:
            self._file.end()
        elif self._field is not None:
            self.fields[self._name] = _text(bytes(self._field))
        self._file = self._field = None


class _Nothing:
    """What takes in a field for files in which none was chosen."""

    def write(self, data: bytes) -> None:
        if data:
            raise bad_request("A file has to have a name.")

    def end(self) -> None:
        pass


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_request("A form of this hub is UTF-8.") from error
