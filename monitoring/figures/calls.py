"""Counts of calls, added up over all processes of this server that answer clients.

A web worker counts for itself. Who is asked for the counts asks the other workers, over sockets, as they are
at that moment; each writes on its page in shared memory what it answers. So what was shown is never lost:
the worker that comes after one that has died goes on from its page, and until then the page stands for it.
"""

import logging
import socket
import threading
from contextlib import suppress
from pathlib import Path

import msgspec
from django.db import connections

from models_app.domain.errors import StorageUnavailable
from models_app.processes.pages import Page
from models_app.processes.table import Stage
from models_app.services import processes
from models_app.services.processes import WEB, Membership
from monitoring.refusals import refusals
from monitoring.statistics import recorder

logger = logging.getLogger(__name__)

# A worker that does not answer within that time is counted as it was when it last did.
_PATIENCE_SECONDS = 2.0
_READS = 3
_COUNTS, _SAVE = b"c", b"s"


class CallCount(msgspec.Struct, array_like=True, frozen=True):
    """Calls of a route, and how long they took."""

    n_calls: int = 0
    duration_ns: int = 0


class CallCounts(msgspec.Struct, frozen=True):
    """Calls by route; refusals by route and HTTP status, with a space between."""

    calls: dict[str, CallCount] = {}
    refusals: dict[str, int] = {}

    def __add__(self, other: "CallCounts") -> "CallCounts":
        """Add up.

        >>> one = CallCounts({"learn": CallCount(1, 10)}, {"learn 400": 1})
        >>> two = CallCounts({"learn": CallCount(2, 5), "predict": CallCount(1, 1)}, {})
        >>> both = one + two
        >>> both.calls["learn"].n_calls, both.calls["learn"].duration_ns, both.refusals
        (3, 15, {'learn 400': 1})
        """
        nothing = CallCount()
        calls = {}
        for route in self.calls | other.calls:
            a, b = self.calls.get(route, nothing), other.calls.get(route, nothing)
            calls[route] = CallCount(a.n_calls + b.n_calls, a.duration_ns + b.duration_ns)
        refused = dict(self.refusals)
        for key, n in other.refusals.items():
            refused[key] = refused.get(key, 0) + n
        return CallCounts(calls, refused)


def of_this_process() -> CallCounts:
    """Return what this process has counted; raises `StorageUnavailable`."""
    return CallCounts(
        {route: CallCount(total.n_calls, total.duration_ns) for route, total in recorder.totals().items()},
        {f"{route} {status}": n for (route, status), n in refusals.counts().items()},
    )


class Worker:
    """This web worker's counts: told to who asks, and left to the worker after it."""

    def __init__(self, membership: Membership) -> None:
        self._page = membership.pages[membership.number]
        self._before = read(self._page)
        self._path = socket_of(membership.folder, membership.number)
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def counts(self) -> CallCounts:
        """Return the counts of this worker, and those before it in its place; raises `StorageUnavailable`."""
        # What is on the page only grows.
        with self._lock:
            counts = self._before + of_this_process()
            self._page.write(msgspec.json.encode(counts))
            return counts

    def listen(self) -> None:
        """Answer who asks, in a thread; raises `OSError`."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self._path))
        self._socket.listen(socket.SOMAXCONN)
        threading.Thread(target=self._answer_all, args=(self._socket,), name="counts", daemon=True).start()

    def close(self) -> None:
        """Leave the newest counts, and no socket."""
        with suppress(StorageUnavailable):
            self.counts()
        if self._socket is not None:
            self._path.unlink(missing_ok=True)

    def _answer_all(self, listening: socket.socket) -> None:
        while True:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(_PATIENCE_SECONDS)
                    connection.sendall(self._answer(connection.recv(1)))

    def _answer(self, asked: bytes) -> bytes:
        try:
            if asked == _SAVE:
                recorder.save()
            return msgspec.json.encode(self.counts())
        except StorageUnavailable:
            return b""
        finally:
            connections.close_all()


def read(page: Page) -> CallCounts:
    """Return what is on a page; whatever a process that went wild has written, it is counts."""
    for _ in range(_READS):
        # It may be written meanwhile.
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(page.read(), type=CallCounts)
    return CallCounts()


def socket_of(folder: Path, number: int) -> Path:
    """Return where a web worker says what it has counted."""
    return folder / f"web-{number}.sock"


class _Here:
    worker: Worker | None = None


def start() -> None:
    """Have other web workers know the counts of this one, where there are others."""
    membership = processes.membership()
    if membership is None or membership.row.role != WEB:
        return
    _Here.worker = Worker(membership)
    try:
        _Here.worker.listen()
    except OSError as error:
        logger.warning("other web workers cannot ask this one for its counts: %s", error)


def keep() -> None:
    """Leave the newest counts to the worker after this one; raises `StorageUnavailable`."""
    if _Here.worker is not None:
        _Here.worker.counts()


def stop() -> None:
    """Leave the newest counts, and no socket."""
    if _Here.worker is not None:
        _Here.worker.close()


def counts() -> CallCounts:
    """Return the counts of all processes of this server; raises `StorageUnavailable`."""
    worker, membership = _Here.worker, processes.membership()
    if worker is None or membership is None:
        return of_this_process()
    total = worker.counts()
    for number in _others(membership):
        total += _ask(membership, number, _COUNTS)
    return total


def save_everywhere() -> None:
    """Have the statistics of the other web workers written down, so that the database has them."""
    membership = processes.membership()
    if membership is not None and _Here.worker is not None:
        for number in _others(membership):
            _ask(membership, number, _SAVE)


def _others(membership: Membership) -> list[int]:
    return [number for number in range(len(membership.pages)) if number != membership.number]


def _ask(membership: Membership, number: int, what: bytes) -> CallCounts:
    """Return a worker's counts: as it says, or as they were when it last said something."""
    if membership.table.rows[WEB, number].stage is Stage.UP:
        with suppress(OSError, msgspec.DecodeError), socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(_PATIENCE_SECONDS)
            asking.connect(str(socket_of(membership.folder, number)))
            asking.sendall(what)
            with asking.makefile("rb") as answer:
                return msgspec.json.decode(answer.read(), type=CallCounts)
    return read(membership.pages[number])
