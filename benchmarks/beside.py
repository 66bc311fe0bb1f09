"""`manage.py learn FILE` beside clients that teach the same model: `python -m benchmarks.beside`.

Each round measures the command alone, the clients alone, and both at once, where what counts is the ratio to
what each reaches alone; first with records that are handed to the server, then with an engine of the
command's own, as beside a server that takes none. Nothing is bound to a core: command, server and clients
share the machine.
"""

import argparse
import json
import os
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks import journals, wire
from benchmarks.load import Answer, Script, drive
from benchmarks.measuring import GRACE_SECONDS, renew
from benchmarks.progress import number, say
from benchmarks.servers import MODEL, ThisServer
from benchmarks.workloads import Workload, logistic_regression

#: The feature that only the file's records have.
MARK = "of_file"
HANDED = "handed to the server"
OWN = "with an engine of its own"
_SUMMARY = re.compile(r"Learned ([\d,]+) records? in ([\d,.]+) s")
# Until the command has begun to read, and then until its model is loaded.
_WARM_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Round:
    """Learns a second: of the command alone and beside clients, of these alone and beside the command."""

    command_alone: float
    command_beside: float
    clients_alone: float
    clients_beside: float


@contextmanager
def on_its_own(server: ThisServer) -> Iterator[None]:
    """Have commands find no server to hand their records to."""
    path = Path(f"{server.database}.sock")
    aside = path.rename(path.with_suffix(".aside"))
    try:
        yield
    finally:
        aside.rename(path)


def measure(server: ThisServer, workload: Workload, file: Path, *, n_clients: int, seconds: float) -> Round:
    """Measure one round; raises `AssertionError` where a record is missing or out of order."""
    n_records = sum(1 for _ in file.open("rb"))
    renew(server, workload)
    alone = n_records / _learn_file(server, file)
    renew(server, workload)
    ends = threading.Event()
    timer = threading.Timer(seconds, ends.set)
    timer.start()
    n_alone, took = _teach(server, workload, n_clients, ends)
    renew(server, workload)
    beside = _Clients(server, workload, n_clients)
    time.sleep(_WARM_SECONDS)
    try:
        command_seconds = _learn_file(server, file)
    finally:
        n_beside = beside.end()
    n_between = _check(server, n_records, n_beside)
    return Round(alone, n_records / command_seconds, n_alone / took, n_between / command_seconds)


class _Clients:
    """Clients at work in a thread of their own."""

    def __init__(self, server: ThisServer, workload: Workload, n: int) -> None:
        self._ends = threading.Event()
        self._n_learned = 0
        self._thread = threading.Thread(target=self._run, args=(server, workload, n))
        self._thread.start()

    def _run(self, server: ThisServer, workload: Workload, n: int) -> None:
        self._n_learned, _ = _teach(server, workload, n, self._ends)

    def end(self) -> int:
        """Have them finish, and return how many records they have taught."""
        self._ends.set()
        self._thread.join()
        return self._n_learned


def write_file(path: Path, workload: Workload, n_records: int) -> None:
    """Write the records that the command learns."""
    with path.open("w") as file:
        for place in range(n_records):
            sample = workload.sample(place)
            features = {**sample.features, MARK: place}
            file.write(json.dumps({"features": features, "ground_truth": sample.ground_truth}) + "\n")


def _teach(
    server: ThisServer, workload: Workload, n_clients: int, ends: threading.Event
) -> tuple[int, float]:
    requests, numbers = wire.learns(workload), count()
    done: list[Answer] = []

    def script() -> Script:
        while not ends.is_set():
            done.append((yield requests[next(numbers) % len(requests)]))

    took = drive(server.port, [script() for _ in range(n_clients)], timeout=GRACE_SECONDS)
    refused = [answer for answer in done if answer[0] != 201]
    assert not refused, refused[:3]
    return len(done), took


def _learn_file(server: ThisServer, file: Path) -> float:
    """Have the command learn the file; return the seconds that it has worked on the records."""
    said = server.manage("learn", str(file), "--model", MODEL)
    found = _SUMMARY.search(said)
    assert found is not None, said
    return float(found[2].replace(",", ""))


def _check(server: ThisServer, n_records: int, n_taught: int) -> int:
    """Return how many records of clients stand between the file's first and last, which must all be there."""
    places = [learn.x().get(MARK) for learn in journals.learned(server)]
    of_file = [seq for seq, place in enumerate(places) if place is not None]
    assert [places[seq] for seq in of_file] == list(range(n_records)), "not in the order of the file"
    assert len(places) == n_records + n_taught, (len(places), n_records, n_taught)
    return of_file[-1] + 1 - of_file[0] - n_records


def _say(way: str, rounds: Sequence[Round]) -> None:
    print(way)
    for what, values in (
        ("command alone, records/s", [each.command_alone for each in rounds]),
        ("command beside clients, records/s", [each.command_beside for each in rounds]),
        ("clients alone, records/s", [each.clients_alone for each in rounds]),
        ("clients beside the command, records/s", [each.clients_beside for each in rounds]),
        ("clients beside / alone", [each.clients_beside / each.clients_alone for each in rounds]),
    ):
        middle = number(statistics.median(values))
        print(f"{what:<40} {middle:>8} ({number(min(values))}-{number(max(values))})")


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(prog="benchmarks.beside", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--records", type=int, default=20_000, help="of the file")
    parser.add_argument("--seconds", type=float, default=2.0, help="for which clients are measured alone")
    options = parser.parse_args()
    workload = logistic_regression(n_stream=0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "history.ndjson")
        write_file(file, workload, options.records)
        server = ThisServer(Path(folder, "instance"))
        server.start()
        os.sched_setaffinity(server.pid, os.sched_getaffinity(0))
        try:
            rounds: dict[str, list[Round]] = {HANDED: [], OWN: []}
            for place in range(options.rounds):
                say(f"round {place + 1} of {options.rounds}, load {os.getloadavg()[0]:.1f}")
                for way, of_way in rounds.items():
                    with on_its_own(server) if way is OWN else nullcontext():
                        of_way.append(
                            measure(
                                server, workload, file, n_clients=options.clients, seconds=options.seconds
                            )
                        )
                    say(f"{way}: {of_way[-1]}")
        finally:
            server.stop()
    for way, of_way in rounds.items():
        _say(way, of_way)


if __name__ == "__main__":
    main()
