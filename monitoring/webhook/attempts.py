"""One request to the webhook."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from monitoring.webhook import addresses
from monitoring.webhook.signatures import signed_headers

#: For all of an attempt, however its time is spent.
SECONDS = 10.0
#: Of an answer's body; the rest is not read.
MAX_ANSWER_BYTES = 1_024


class NotDelivered(Exception):
    """The receiver did not answer, or not with a 2xx; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target of messages. `allows_private`: addresses that are not public are no mistake."""

    url: str
    secret: str = field(repr=False)
    allows_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to send: a JSON text, and an id by which a receiver knows it when it comes again."""

    message_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of the receiver; `body` is its beginning."""

    status: int
    body: bytes


class Attempt:
    """A request that ends: after some seconds, or when another thread breaks it off.

    The host's name is looked up once, and what was checked is what is connected to. Redirects are not
    followed, proxies are not asked, and a certificate must be the host's.
    """

    def __init__(self, target: Target, message: Message, *, seconds: float = SECONDS) -> None:
        self._target = target
        self._message = message
        self._seconds = seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._broken_off: str | None = None

    def run(self) -> Reply:
        """Send; raises `NotDelivered`."""
        too_long = f"it took longer than {self._seconds:g} s"
        limit = threading.Timer(self._seconds, self.break_off, [too_long])
        limit.daemon = True
        limit.start()
        try:
            reply = self._exchange()
        except TimeoutError as error:
            # The socket's own limit may come a moment before the timer.
            raise NotDelivered(self._broken_off or too_long) from error
        except (OSError, http.client.HTTPException, addresses.AddressRefused) as error:
            raise NotDelivered(self._broken_off or _describe(error)) from error
        finally:
            limit.cancel()
        if not 200 <= reply.status < 300:
            raise NotDelivered(_refused(reply))
        return reply

    def break_off(self, reason: str) -> None:
        """End the attempt, from any thread; what has been sent may have arrived."""
        with self._lock:
            self._broken_off = self._broken_off or reason
            if self._socket is not None:
                # Not the TLS socket's own method, which takes its reader's state away.
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _exchange(self) -> Reply:
        url = urlsplit(self._target.url)
        host, is_secure = str(url.hostname), url.scheme == "https"
        port = url.port or (443 if is_secure else 80)
        found = addresses.find(host, port, allows_private=self._target.allows_private)
        with self._connected(found) as connected:
            stream = self._secured(connected, host) if is_secure else connected
            # It connects itself only where it has no socket.
            kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
            connection = kind(host, port)
            connection.sock = stream
            try:
                return self._ask(connection, url)
            finally:
                connection.close()

    def _ask(self, connection: http.client.HTTPConnection, url: SplitResult) -> Reply:
        message = self._message
        headers = signed_headers(
            secret=self._target.secret,
            message_id=message.message_id,
            timestamp=int(time.time()),
            body=message.body,
        )
        headers |= {"Content-Type": "application/json", "User-Agent": "chantilly", "Connection": "close"}
        where = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", where, message.body, headers)
        response = connection.getresponse()
        body = b""
        # The status has said everything.
        with suppress(OSError, http.client.HTTPException):
            body = response.read(MAX_ANSWER_BYTES)
        return Reply(response.status, body)

    @contextmanager
    def _connected(self, found: list[addresses.Address]) -> Iterator[socket.socket]:
        """Connect to the first of the addresses that answers."""
        for number, address in enumerate(found, start=1):
            with socket.socket(address.family, socket.SOCK_STREAM) as tried:
                self._take(tried)
                try:
                    tried.connect(address.place)
                except OSError:
                    if number == len(found):
                        raise
                    continue
                yield tried
                return

    def _secured(self, connected: socket.socket, host: str) -> socket.socket:
        secured = ssl.create_default_context().wrap_socket(
            connected, server_hostname=host, do_handshake_on_connect=False
        )
        self._take(secured)
        secured.do_handshake()
        return secured

    def _take(self, taken: socket.socket) -> None:
        """Have `break_off` end what is done with a socket."""
        taken.settimeout(self._seconds)
        with self._lock:
            if self._broken_off is not None:
                raise TimeoutError(self._broken_off)
            self._socket = taken


def _describe(error: Exception) -> str:
    if isinstance(error, addresses.AddressRefused):
        return str(error)
    # What comes from the other side is shown as a literal: it may hold anything.
    return repr(error)


def _refused(reply: Reply) -> str:
    if 300 <= reply.status < 400:
        return f"it answered {reply.status}, and redirects are not followed"
    body = reply.body.decode("utf-8", "replace")[:200]
    return f"it answered {reply.status}: {body!r}"
