"""This tree beside another checkout of it, in turn: `python -m benchmarks.against FOLDER`.

What a change costs does not show in two runs of a benchmark: the machine is another one each time. Here both
trees serve in turn, and what counts is the ratio of each round.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import affinity
from benchmarks.measuring import Bench, Outcome
from benchmarks.progress import say
from benchmarks.servers import ROOT, ThisServer
from benchmarks.workloads import Workload, adaptive_forest, logistic_regression

N_STREAM = {"logistic": 20_000, "forest": 500}
Measure = Callable[[Bench, ThisServer, Workload], Outcome]
SCENARIOS: Mapping[str, Measure] = {
    **{
        f"pairs, {n} connection{'s' * (n > 1)}": (
            lambda bench, server, load, n=n: bench.pairs(server, load, n)
        )
        for n in (1, 8, 32)
    },
    "predictions, 8 connections": lambda bench, server, load: bench.predictions(server, load, 8),
    "NDJSON": lambda bench, server, load: bench.ndjson_learns(server, load),
    "WebSocket, 100 a message": lambda bench, server, load: bench.messages(server, load, 100),
}


class TreeServer(ThisServer):
    """A checkout of this project."""

    def __init__(self, folder: Path, root: Path) -> None:
        super().__init__(folder)
        self.root = root


def main() -> None:
    """Measure, and print a line for each scenario."""
    options = _options()
    affinity.pin_client()
    with tempfile.TemporaryDirectory() as folder:
        servers = [TreeServer(Path(folder, name), root) for name, root in
                   (("here", ROOT), ("there", options.folder.resolve()))]  # fmt: skip
        try:
            for server in servers:
                server.start()
            bench = Bench(seconds=options.seconds, serial_quota={})
            for workload in (
                logistic_regression(n_stream=N_STREAM["logistic"]),
                adaptive_forest(n_stream=N_STREAM["forest"], cache=Path(folder)),
            ):
                for name, measure in SCENARIOS.items():
                    print(
                        _compare(
                            f"{workload.name}: {name}", bench, workload, measure, servers, options.rounds
                        )
                    )
        finally:
            for server in servers:
                server.stop()


def _compare(
    title: str,
    bench: Bench,
    workload: Workload,
    measure: Measure,
    servers: Sequence[TreeServer],
    rounds: int,
) -> str:
    rates: list[list[float]] = [[], []]
    cpu: list[list[float]] = [[], []]
    for number in range(rounds):
        say(f"{title}, round {number + 1} of {rounds}")
        # Whoever is second in one round is first in the next.
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            before = servers[place].cpu_seconds()
            outcome = measure(bench, servers[place], workload)
            if outcome.problems:
                sys.exit(f"{title}: {outcome.problems}")
            rates[place].append(outcome.rate)
            cpu[place].append((servers[place].cpu_seconds() - before) / outcome.n)
    ratios = [here / there for here, there in zip(*rates, strict=True)]
    cost = [here / there for here, there in zip(*cpu, strict=True)]
    return (
        f"{title:<40} {statistics.median(rates[0]):>8,.0f}/s here, "
        f"{statistics.median(rates[1]):>8,.0f}/s there: "
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}), "
        f"CPU time of a record {statistics.median(cost):.2f}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.against", description=__doc__)
    parser.add_argument("folder", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a round of single requests")
    return parser.parse_args()


if __name__ == "__main__":
    main()
