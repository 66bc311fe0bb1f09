"""`serve` by several processes: shards, which work on the models, and web workers, which answer clients."""

import gc
import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.urls import get_resolver
from django.utils import timezone

from models_app.management.shards import run_shard
from models_app.models.storage import get_storage
from models_app.processes.boards import Board, Mark
from models_app.processes.ends import End
from models_app.processes.pages import Page
from models_app.processes.roles import Place, Role
from models_app.processes.supervising import Supervisor
from models_app.processes.table import Table
from models_app.services import processes, relaying, runtime
from models_app.services.duties import WORKER
from models_app.services.processes import SHARD, WEB
from models_app.services.quarantine.noting import ShardEnd
from models_app.services.quarantine.starting import take_precautions
from models_app.shards.cluster import socket_of

# What an address of a socket holds, without its end.
_MAX_PATH_BYTES = 107
# What a web worker leaves of its counts for the one after it: some tens of them.
_PAGE_BYTES = 16_384

#: Serves clients on its sockets, calls what it is given once it does, and returns after SIGTERM.
Serve = Callable[[Sequence[socket.socket], Callable[[], None]], None]


def serve_by_processes(
    shares: Sequence[Sequence[socket.socket]], *, serve: Serve, when_ready: Callable[[], None]
) -> int:
    """Serve until a signal comes; return the exit code. `shares` are the sockets of each web worker."""
    folder = _sockets_folder()
    relaying.be_one_server()
    # Those on a cluster are started and watched there.
    n_shards = 0 if settings.ENGINE == "ray" else settings.ENGINE_PROCESSES
    table = Table([*((SHARD, i) for i in range(n_shards)), *((WEB, i) for i in range(len(shares)))])

    histories = [_History() for _ in range(n_shards)]
    pages = [Page(_PAGE_BYTES) for _ in shares]

    def join(place: Place) -> None:
        processes.join(processes.Membership(table=table, row=place.row, pages=pages, folder=folder))

    def shard(place: Place) -> None:
        _close(shares)
        join(place)
        history = histories[place.number]
        run_shard(
            number=place.number,
            of=n_shards,
            folder=folder,
            when_ready=place.be_ready,
            seconds_left=lambda: table.seconds_left(settings.SHUTDOWN_SECONDS),
            precautions=take_precautions(history.board, history.ends, history.noted),
        )
        # Where the parent was killed nobody else does; the last finds it empty.
        with suppress(OSError):
            folder.rmdir()

    def web(place: Place) -> None:
        _close([share for i, share in enumerate(shares) if i != place.number])
        join(place)
        if n_shards:
            os.environ[runtime.SHARDS_FOLDER] = str(folder)
        os.environ[WORKER] = str(place.number)
        serve(shares[place.number], place.be_ready)

    supervisor = Supervisor(
        [
            Role(
                name=SHARD,
                n=n_shards,
                run=shard,
                silent_seconds=settings.SHARD_SECONDS,
                ended=lambda number, end: histories[number].note(end),
            ),
            Role(name=WEB, n=len(shares), run=web, silent_seconds=settings.SHARD_SECONDS),
        ],
        table,
        stop_seconds=settings.SHUTDOWN_SECONDS,
        when_ready=when_ready,
        when_stopping=lambda: _close(shares),
    )
    _load()
    try:
        return supervisor.run()
    finally:
        _remove(folder)


class _History:
    """The ends of a shard that the next one has to hear of, and the board of the one that there is."""

    def __init__(self) -> None:
        self.board = Board()
        self.ends: list[ShardEnd] = []
        self.noted = Mark()

    def note(self, end: End) -> str:
        """Note an end; return which models were at work then, for the log."""
        if self.noted.take_off():
            self.ends.clear()
        names = self.board.names()
        self.board.clear()
        if not names or not end.is_own_doing:
            return ""
        self.ends.append(ShardEnd(names=names, how=str(end), ended_at=timezone.now()))
        return f"; at work were {', '.join(map(repr, names))}"


def _close(shares: Sequence[Sequence[socket.socket]]) -> None:
    for share in shares:
        for bound in share:
            bound.close()


def _load() -> None:
    """Have in memory what children need, which are forks; and nothing that must not be shared with them."""
    _ = get_resolver().url_patterns
    connections.close_all()
    get_storage().close()
    gc.collect()
    gc.freeze()


def _remove(folder: Path) -> None:
    """Remove the sockets' folder, with what processes that were killed have left there."""
    with suppress(OSError):
        for left in folder.glob("*.sock"):
            left.unlink(missing_ok=True)
        folder.rmdir()


def _sockets_folder() -> Path:
    """Make a folder for this user alone, whose name leaves room for a socket's."""
    folder = tempfile.mkdtemp(prefix="chantilly-")
    longest = socket_of(Path(folder), settings.ENGINE_PROCESSES)
    if len(os.fsencode(longest)) > _MAX_PATH_BYTES:
        Path(folder).rmdir()
        folder = tempfile.mkdtemp(prefix="chantilly-", dir="/tmp")
    return Path(folder)
