"""Clients that count pairs of predictions and learns on PostgreSQL, and what has to be in the database."""

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from uuid import uuid4

import psycopg

from tests.postgresql import Cluster
from tests.servers.servers import Server

N_THREADS = 6

#: Runs a command of `manage.py`.
Manage = Callable[..., "subprocess.CompletedProcess[str]"]


class Load:
    """Clients that count what was acknowledged; what was not answered may be done or not."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers = servers
        # Ids of one load are those of no other.
        self._token = uuid4().hex
        self._ends = threading.Event()
        self.learned: Counter[str] = Counter()
        self.unclear: set[str] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(N_THREADS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Have the clients come to an end."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    @property
    def n_learned(self) -> int:
        """The number of learns that were acknowledged."""
        return self.learned.total()

    def _work(self, number: int) -> None:
        n = 0
        while not self._ends.is_set():
            server = self._servers[(number + n) % len(self._servers)]
            n += 1
            self._pair(server, number + n, f"{self._token}-{number}-{n}")

    def _pair(self, server: Server, number: int, name: str) -> None:
        body: dict[str, Any] = {"model": f"m{number % 2}", "features": {"a": 1.5}, "id": name}
        try:
            with server.client() as client:
                if client.predict(**body).status != 201:
                    # Who hurries takes from what recovers.
                    self._ends.wait(0.05)
                    return
                with self._lock:
                    self.unclear.add(name)
                answer = client.learn(id=name, ground_truth=2.0)
        except (OSError, HTTPException):
            return
        with self._lock:
            if answer.status == 201:
                self.learned[name] += 1
                self.unclear.discard(name)


def connect(cluster: Cluster, database: str = "chantilly") -> "psycopg.Connection[tuple[Any, ...]]":
    """Return a connection that commits each statement."""
    return psycopg.connect(cluster.url(database), autocommit=True)


def journal_of(cluster: Cluster) -> Counter[str]:
    """Return how often each id was learned."""
    with connect(cluster) as connection:
        rows = connection.execute("SELECT learns FROM models_app_journalsegment").fetchall()
    return Counter(learn[0] for (text,) in rows for learn in json.loads(text))


def check(load: Load, cluster: Cluster, manage: Manage) -> None:
    """Everything acknowledged is in the journal, once; nothing else but what was not answered."""
    journal = journal_of(cluster)
    assert set(journal.values()) == {1}
    assert set(load.learned) <= set(journal)
    with connect(cluster) as connection:
        ((total,),) = connection.execute("SELECT sum(seq) FROM models_app_servedmodel").fetchall()
    assert total == journal.total()
    verified = manage("verify_journal")
    assert verified.returncode == 0, verified.stdout + verified.stderr
