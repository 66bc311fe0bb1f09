"""Messages that who reads or writes Redis can neither read nor make up."""

import struct

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models_app.relays.tokens import TOKEN_BYTES, draw_token
from models_app.shards.values import EventValue

# What is said in another form is said on another channel.
_FORM = b"1"
# The tokens of the server and of the process, and the message's number.
_HEAD = struct.Struct(f"!{TOKEN_BYTES}s{TOKEN_BYTES}sQ")
# More processes than ever speak at a time; forged tokens must not fill the memory.
_MAX_KEYS = 1000


class Told(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a process tells the others: events that commits have made durable, in order."""

    events: list[EventValue]
    #: Whether there were others after them that are told to nobody.
    before_a_gap: bool = False


class NotOurs(Exception):
    """The message was not made by a server of this database, or not by one of this version."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """Who a message says that it is from; only what `Seal.open` has opened is surely so."""

    server: bytes
    process: bytes
    number: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Told)


class Seal:
    """Seals what one process tells, and opens what others do, by a secret that all of them have.

    Each process has a key of its own, so that its numbers serve as nonces.

    >>> one, other = Seal("a secret", server=b"1" * 16), Seal("a secret", server=b"2" * 16)
    >>> one.channel == other.channel != Seal("another", server=b"1" * 16).channel
    True
    >>> message = one.close(7, Told([], before_a_gap=True))
    >>> other.head(message).number, other.open(message).before_a_gap
    (7, True)
    """

    def __init__(self, secret: str, *, server: bytes) -> None:
        """`server` is the token of the server that this process belongs to."""
        self._secret = secret.encode()
        self.server = server
        self.process = draw_token()
        self._key = self._key_of(self.process)
        self._keys: dict[bytes, AESGCM] = {}
        #: The channel of all servers on the database: Redis has one set of channels for all of its databases.
        self.channel = f"chantilly:{self._name(b'channel')}:events"

    def presence_of(self, server: bytes) -> str:
        """Return the channel by which a server's own listeners can be told from those of others."""
        return f"{self.channel}:{server.hex()}"

    def close(self, number: int, told: Told) -> bytes:
        """Return a message; a number is never to be used twice."""
        head = _HEAD.pack(self.server, self.process, number)
        return head + self._key.encrypt(_nonce(number), _encoder.encode(told), head)

    def head(self, message: bytes) -> Head:
        """Return who a message is from, as it says; raises `NotOurs`."""
        if len(message) < _HEAD.size:
            raise NotOurs("it is too short")
        return Head(*_HEAD.unpack_from(message))

    def open(self, message: bytes) -> Told:
        """Undo `close`; raises `NotOurs`."""
        head = self.head(message)
        key = self._keys.get(head.process)
        if key is None:
            key = self._key_of(head.process)
        try:
            text = key.decrypt(_nonce(head.number), message[_HEAD.size :], message[: _HEAD.size])
            told = _decoder.decode(text)
        except (InvalidTag, msgspec.MsgspecError) as error:
            raise NotOurs("it was not sealed by this secret") from error
        if len(self._keys) >= _MAX_KEYS:
            self._keys.clear()
        self._keys[head.process] = key
        return told

    def _key_of(self, process: bytes) -> AESGCM:
        derivation = HKDF(hashes.SHA256(), length=32, salt=process, info=b"chantilly relay")
        return AESGCM(derivation.derive(self._secret))

    def _name(self, of: bytes) -> str:
        digest = hmac.HMAC(self._secret, hashes.SHA256())
        digest.update(b"chantilly relay " + _FORM + b" " + of)
        return digest.finalize().hex()[:TOKEN_BYTES]


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
