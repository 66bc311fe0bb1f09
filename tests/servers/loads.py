"""Many clients at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException

from tests.servers.clients import Client
from tests.servers.servers import Server


def together(server: Server, n_clients: int, work: Callable[[Client, int], None]) -> None:
    """Run `work` in so many threads, each with its own connection and number; raises what one raises."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(n_clients)

    def run(number: int) -> None:
        try:
            with server.client() as client:
                barrier.wait()
                work(client, number)
        except BaseException as error:
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure


@contextmanager
def under_load(
    server: Server, n_clients: int, work: Callable[[Client, int], None], *, broken_is_fine: bool = False
) -> Iterator[None]:
    """Repeat `work` in so many threads for the length of a block.

    With `broken_is_fine` a thread ends where its connection breaks.
    """
    ends = threading.Event()

    def repeat(client: Client, number: int) -> None:
        try:
            while not ends.is_set():
                work(client, number)
        except (OSError, HTTPException):
            if not broken_is_fine:
                raise

    failures: list[BaseException] = []

    def run() -> None:
        try:
            together(server, n_clients, repeat)
        except BaseException as error:
            failures.append(error)

    load = threading.Thread(target=run)
    load.start()
    try:
        yield
    finally:
        ends.set()
        load.join()
    for failure in failures:
        raise failure
