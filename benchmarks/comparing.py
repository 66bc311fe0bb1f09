"""The servers side by side: each scenario in rounds, in each round every server once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.calls import CallError
from benchmarks.load import LoadError
from benchmarks.loops import RiverLoop
from benchmarks.measuring import Bench, Outcome
from benchmarks.progress import connections, say
from benchmarks.results import Figure, Results, Values
from benchmarks.servers import Canned, Chantilly, FastApi, Server, ThisServer, new_folder
from benchmarks.workloads import Workload

EXPECTED_FAILURES = (CallError, LoadError, OSError, ValueError, KeyError)
S = TypeVar("S", bound=Server)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A comparison: on which servers, and with which of `river_loop.LOOPS` beside them, by column."""

    name: str
    title: str
    unit: str
    measure: Callable[[Bench, Server, Workload], Outcome]
    servers: tuple[type[Server], ...]
    loops: dict[str, str] = field(default_factory=dict)


def _by_id(n_connections: int) -> Scenario:
    return Scenario(
        name=f"pairs-{n_connections}",
        title=f"predict, then learn by id, {connections(n_connections)}",
        unit="pairs/s",
        measure=lambda bench, server, workload: bench.pairs(server, workload, n_connections),
        servers=(ThisServer, FastApi, Chantilly, Canned),
    )


def _predict(n_connections: int) -> Scenario:
    return Scenario(
        name=f"predict-{n_connections}",
        title=f"predict alone, {connections(n_connections)}",
        unit="predictions/s",
        measure=lambda bench, server, workload: bench.predictions(server, workload, n_connections),
        servers=(ThisServer, FastApi, Chantilly, Canned),
        loops={"river": "predict"},
    )


def _stream(
    name: str, title: str, measure: Callable[..., Outcome], *arguments: Any, loops: dict[str, str], unit: str
) -> Scenario:
    return Scenario(
        name=name,
        title=title,
        unit=unit,
        measure=lambda bench, server, workload: measure(bench, server, workload, *arguments),
        servers=(ThisServer, Canned),
        loops=loops,
    )


SCENARIOS = (
    _by_id(1),
    _by_id(8),
    _by_id(32),
    _predict(1),
    _predict(8),
    _stream(
        "ndjson-pairs",
        "NDJSON stream, predict, then learn by id",
        Bench.ndjson_pairs,
        loops={"river": "pairs"},
        unit="pairs/s",
    ),
    _stream(
        "ndjson-learns",
        "NDJSON stream, learn with features",
        Bench.ndjson_learns,
        loops={"river": "pairs", "river-scored": "scored"},
        unit="records/s",
    ),
    _stream(
        "ws-1",
        "WebSocket, learn with features, 1 a message",
        Bench.messages,
        1,
        loops={},
        unit="records/s",
    ),
    _stream(
        "ws-100",
        "WebSocket, learn with features, 100 a message",
        Bench.messages,
        100,
        loops={"river": "pairs"},
        unit="records/s",
    ),
)
# A request of chantilly's with the forest takes seconds: this scenario has to do, and the ceiling of the load
# generator is known by then.
_WITH_FOREST = {"chantilly": {"pairs-8"}, "canned": set[str]()}


@contextmanager
def started(work: Path, kinds: Sequence[type[S]]) -> Iterator[list[S]]:
    """Start a server of each kind for the length of a block."""
    with ExitStack() as stack:
        servers = [kind(new_folder(work, kind.name)) for kind in kinds]
        for server in servers:
            stack.callback(server.stop)
            server.launch()
        for server in servers:
            server.wait()
        yield servers


def compare(
    bench: Bench,
    loop: RiverLoop,
    servers: Sequence[Server],
    workloads: Sequence[tuple[Workload, int]],
    results: Results,
) -> None:
    """Measure every scenario with each workload in so many rounds; failures go to the results' problems."""
    for workload, n_rounds in workloads:
        for scenario in SCENARIOS:
            takes_part = [s for s in servers if _takes_part(s, scenario, workload)]
            _measure(bench, loop, takes_part, scenario, workload, n_rounds, results)


def _takes_part(server: Server, scenario: Scenario, workload: Workload) -> bool:
    if not isinstance(server, scenario.servers):
        return False
    only = _WITH_FOREST.get(server.name) if workload.name == "forest" else None
    return only is None or scenario.name in only


def _measure(
    bench: Bench,
    loop: RiverLoop,
    servers: Sequence[Server],
    scenario: Scenario,
    workload: Workload,
    n_rounds: int,
    results: Results,
) -> None:
    steps: dict[str, Callable[[], Outcome]] = {
        server.name: partial(scenario.measure, bench, server, workload) for server in servers
    }
    for column, name in scenario.loops.items():
        steps[column] = partial(_loop, loop, name, workload)
    figures = {column: _figure(results, scenario, workload, column) for column in steps}
    for number in range(n_rounds):
        # Forth and back: nobody always comes after the same one.
        for column in list(steps)[:: 1 if number % 2 == 0 else -1]:
            label = f"{workload.name}, {scenario.title}, {column}"
            figures[column].append(attempt(label, steps[column], results.problems))
    for column, values in figures.items():
        say(f"{workload.name}, {scenario.title}: {column}", values)


def attempt(label: str, step: Callable[[], Outcome], problems: list[str]) -> float | None:
    """Run one measurement; note what is wrong, and return its rate, None if it failed or is wrong."""
    try:
        outcome = step()
    except EXPECTED_FAILURES as error:
        problems.append(f"{label}: {error!r}"[:600])
        return None
    problems.extend(f"{label}: {problem}"[:600] for problem in outcome.problems)
    return None if outcome.problems else outcome.rate


def _loop(loop: RiverLoop, name: str, workload: Workload) -> Outcome:
    return Outcome(loop.rate(name, workload, workload.n_stream), workload.n_stream, [])


def _figure(results: Results, scenario: Scenario, workload: Workload, column: str) -> Values:
    figure = Figure(workload=workload.name, scenario=scenario.name, column=column, unit=scenario.unit)
    results.figures.append(figure)
    return figure.values
