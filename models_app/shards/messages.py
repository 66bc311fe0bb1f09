"""What a connection that is made of calls says: pieces of both directions, each with its place in its own.

Calls may overtake each other, and an answer another one: each end puts the pieces in their order again.
"""

import struct

#: The size of a connection's token, in bytes.
TOKEN_BYTES = 16
#: How much of the stream goes into one call: what is larger than some 100 KB takes Ray another, slower way.
PIECE_BYTES = 90_000
#: A call that brings nothing is answered after so long: a sign of life, in seconds.
POLL_SECONDS = 1.0
#: How many calls wait in a shard for something to be answered, so that answers need not wait for calls.
N_POLLS = 3

_ASKED, _ANSWERED = struct.Struct(f"!{TOKEN_BYTES}sQ"), struct.Struct("!Q")


class Unknown(Exception):
    """The other end knows nothing of the connection: it was started anew."""


def asked(token: bytes, number: int, piece: bytes) -> bytes:
    """Return a call's message: the piece with this number, from 0 on; it may be empty."""
    return _ASKED.pack(token, number) + piece


def read_asked(message: bytes) -> tuple[bytes, int, bytes]:
    """Undo `asked`."""
    token, number = _ASKED.unpack_from(message)
    return token, number, message[_ASKED.size :]


def answered(number: int, piece: bytes) -> bytes:
    """Return a call's answer: the piece with this number, from 0 on; it may be empty."""
    return _ANSWERED.pack(number) + piece


def read_answered(message: bytes) -> tuple[int, bytes]:
    """Undo `answered`; raises `Unknown` where there is no such connection."""
    if not message:
        raise Unknown
    (number,) = _ANSWERED.unpack_from(message)
    return number, message[_ANSWERED.size :]


class Order:
    """Puts pieces in their order.

    >>> order = Order()
    >>> [order.feed(1, b"b"), order.feed(0, b"a"), order.feed(2, b"c")]
    [b'', b'ab', b'c']
    """

    def __init__(self) -> None:
        self._next = 0
        self._early: dict[int, bytes] = {}

    def feed(self, number: int, piece: bytes) -> bytes:
        """Take a piece, and return what comes next by now."""
        if number != self._next:
            self._early[number] = piece
            return b""
        self._next += 1
        while self._next in self._early:
            piece += self._early.pop(self._next)
            self._next += 1
        return piece
