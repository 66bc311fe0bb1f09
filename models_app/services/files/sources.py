"""Files as lines: opened, decompressed, counted."""

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from models_app.domain.errors import InvalidRequest

STANDARD_INPUT = "-"
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE_BYTES = 65_536


class Unreadable(Exception):
    """The file itself is damaged."""


class Source:
    """An open file: iterates over its lines as bytes, decompressed, and counts them.

    `name` is for messages; `size` and `position` are in bytes of the file as it is, None for a pipe.
    """

    def __init__(self, stream: io.BufferedReader, *, name: str, max_line_bytes: int) -> None:
        self.name = name
        self.line = 0
        self._file = stream
        self._max_line_bytes = max_line_bytes
        self._is_file = stream.seekable()
        self._stream = cast("io.BufferedIOBase", stream)
        if stream.peek(2)[:2] == _GZIP_MAGIC:
            self._stream = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=stream)))

    @property
    def position(self) -> int | None:
        """How much of the file was read."""
        return self._file.tell() if self._is_file else None

    @property
    def size(self) -> int | None:
        """How much there is to read."""
        return os.fstat(self._file.fileno()).st_size if self._is_file else None

    def __iter__(self) -> "Source":
        return self

    def __next__(self) -> bytes:
        line = self._read(self._max_line_bytes + 1)
        if not line:
            raise StopIteration
        self.line += 1
        if len(line) > self._max_line_bytes and not line.endswith(b"\n"):
            self._skip_rest()
            raise InvalidRequest(f"The line has more than {self._max_line_bytes} bytes.")
        return line.removeprefix(_BYTE_ORDER_MARK) if self.line == 1 else line

    def _read(self, limit: int) -> bytes:
        try:
            return self._stream.readline(limit)
        except (EOFError, OSError, zlib.error) as error:
            self.line += 1
            raise Unreadable(f"The file cannot be read on: {error}.") from error

    def _skip_rest(self) -> None:
        while (piece := self._read(_PIECE_BYTES)) and not piece.endswith(b"\n"):
            pass


@contextmanager
def opened(path: str, *, max_line_bytes: int) -> Iterator[Source]:
    """Open a file, or standard input for `-`; raises `OSError`."""
    if path == STANDARD_INPUT:
        yield Source(sys.stdin.buffer, name="standard input", max_line_bytes=max_line_bytes)  # type: ignore[arg-type]  # it is buffered
        return
    with Path(path).open("rb") as stream:
        yield Source(stream, name=path, max_line_bytes=max_line_bytes)
