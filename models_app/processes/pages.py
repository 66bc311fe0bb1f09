"""A page in shared memory: bytes that a process leaves behind, whatever ends it."""

import mmap
import struct

_LENGTH = struct.Struct("=I")
_HEAD_BYTES = 8


class Page:
    """The bytes that were written last: all of them, or those before where a process died on the way.

    It is made before the processes that use it are forked. One of them writes at a time.

    >>> page = Page(100)
    >>> page.read()
    b''
    >>> page.write(b"first")
    >>> page.write(b"second")
    >>> page.read()
    b'second'
    """

    def __init__(self, size: int) -> None:
        """`size` is the most that can be written, in bytes."""
        self._size = size
        self._half_bytes = _LENGTH.size + size
        self._memory = mmap.mmap(-1, _HEAD_BYTES + 2 * self._half_bytes)

    def write(self, data: bytes) -> None:
        """Write in the half that nobody reads, then have it read; raises `ValueError`: it is too long."""
        if len(data) > self._size:
            raise ValueError(f"{len(data)} bytes are more than the {self._size} of a page")
        half = 1 - self._memory[0]
        start = self._start(half)
        _LENGTH.pack_into(self._memory, start, len(data))
        self._memory[start + _LENGTH.size : start + _LENGTH.size + len(data)] = data
        # One byte: a reader sees it as it was or as it is.
        self._memory[0] = half

    def read(self) -> bytes:
        """Return what was written last; of a page that is written again and again, some of that."""
        start = self._start(self._memory[0])
        (length,) = _LENGTH.unpack_from(self._memory, start)
        return bytes(self._memory[start + _LENGTH.size : start + _LENGTH.size + min(length, self._size)])

    def _start(self, half: int) -> int:
        return _HEAD_BYTES + half % 2 * self._half_bytes
