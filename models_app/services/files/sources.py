"""Files as lines: opened, decompressed, counted."""

import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import cast

from models_app.domain.errors import InvalidRequest
from models_app.services.files.encodings import Encoding, encoding_of

STANDARD_INPUT = "-"
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PIECE_BYTES = 65_536
# What is looked at before the first line is read: what is there, at most so much of it.
_HEAD_BYTES = 65_536


class Unreadable(Exception):
    """The file itself is damaged."""


class Source:
    """An open file: iterates over its lines as bytes, decompressed, and counts them.

    `name` is for messages; `size` and `position` are in bytes of the file as it is, None for a pipe. Lines
    are UTF-8 and end with a newline, whatever the file's are.
    """

    def __init__(
        self,
        stream: io.BufferedReader,
        *,
        name: str,
        max_line_bytes: int,
        guess: Callable[[bytes], Encoding],
        on_note: Callable[[str], object] | None = None,
    ) -> None:
        """`guess` returns the encoding of a file that begins so; `on_note` gets what was made of it."""
        self.name = name
        self.line = 0
        self._file = stream
        self._max_line_bytes = max_line_bytes
        self._is_file = stream.seekable()
        self._stream = cast("io.BufferedIOBase", stream)
        if stream.peek(2)[:2] == _GZIP_MAGIC:
            unzipped = cast("io.RawIOBase", gzip.GzipFile(fileobj=stream))
            self._stream = io.BufferedReader(unzipped)
        self._on_note = on_note
        head = self._head()
        self.encoding = guess(head)
        #: The beginning of the file.
        self.head = head.decode(self.encoding.name, "replace")
        self._text: io.TextIOWrapper | None = None
        if self.encoding.is_plain:
            self._readline: Callable[[int], bytes] = self._stream.readline
        else:
            self._decode(self.encoding)

    def note(self, text: str) -> None:
        """Report to whoever reads the file what was made of it."""
        if self._on_note is not None:
            self._on_note(text)

    def close(self) -> None:
        """Let go of the stream, which is somebody else's."""
        if self._text is not None:
            self._text.detach()

    def _head(self) -> bytes:
        try:
            # One read, where nothing is there yet: who writes a line now and then is not waited for.
            return cast("io.BufferedReader", self._stream).peek(_HEAD_BYTES)[:_HEAD_BYTES]
        except (EOFError, OSError, zlib.error):
            # It is reported when that is read.
            return b""

    def _decode(self, encoding: Encoding) -> None:
        end = "\r" if encoding.ends_lines_with_cr else "\n"
        text = io.TextIOWrapper(cast("io.BufferedReader", self._stream), encoding.name, newline=end)
        self._text = text

        def readline(limit: int) -> bytes:
            line = text.readline(limit)
            return (line[:-1] + "\n" if end == "\r" and line.endswith("\r") else line).encode()

        self._readline = readline
        if encoding.is_guess:
            self.note(f"it is not UTF-8, and read as {encoding.name}; --encoding says what it is.")

    @property
    def position(self) -> int | None:
        """Return how much of the file was read."""
        return self._file.tell() if self._is_file else None

    @property
    def size(self) -> int | None:
        """Return how much there is to read."""
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
            return self._readline(limit)
        except (EOFError, OSError, zlib.error) as error:
            self.line += 1
            raise Unreadable(f"The file cannot be read on: {error}.") from error
        except UnicodeError as error:
            self.line += 1
            raise Unreadable(f"The file is no {self.encoding.name} ({error}): say --encoding.") from error

    def _skip_rest(self) -> None:
        while (piece := self._read(_PIECE_BYTES)) and not piece.endswith(b"\n"):
            pass


@contextmanager
def opened(
    path: str,
    *,
    max_line_bytes: int,
    encoding: str | None = None,
    is_text: bool = False,
    on_note: Callable[[str], object] | None = None,
) -> Iterator[Source]:
    """Open a file, or standard input for `-`; see `Source`. Raises `OSError`, `LookupError`."""
    with ExitStack() as stack:
        if path == STANDARD_INPUT:
            name, stream = "standard input", cast("io.BufferedReader", sys.stdin.buffer)
        else:
            file = stack.enter_context(Path(path).open("rb", _HEAD_BYTES))
            name, stream = path, cast("io.BufferedReader", file)
        source = Source(
            stream,
            name=name,
            max_line_bytes=max_line_bytes,
            guess=partial(encoding_of, chosen=encoding, is_text=is_text),
            on_note=on_note,
        )
        stack.callback(source.close)
        yield source
