"""The ratios between servers that are wanted, from the figures of a run."""

from benchmarks.comparing import SCENARIOS
from benchmarks.results import Ratio, Results, median, quotients

_BY_ID = "predict + learn by id"
# Scenario of this server's figure and the column that it is held against.
_WANTED = (
    ("logistic", "pairs-1", "fastapi", 0.5, 0.7, f"{_BY_ID} over FastAPI in memory, 1 connection"),
    ("logistic", "pairs-8", "fastapi", 1.0, 1.3, f"{_BY_ID} over FastAPI in memory, 8 connections"),
    ("logistic", "pairs-32", "fastapi", 1.2, 1.6, f"{_BY_ID} over FastAPI in memory, 32 connections"),
    ("logistic", "pairs-8", "chantilly", 20, None, f"{_BY_ID} over chantilly, 8 connections"),
    ("forest", "pairs-8", "chantilly", 500, None, f"{_BY_ID} over chantilly, 8 connections, forest"),
    ("logistic", "ndjson-learns", "river", 0.7, None, "NDJSON stream over the bare River loop"),
    ("forest", "ndjson-learns", "river", 0.95, None, "NDJSON stream over the bare River loop, forest"),
    ("logistic", "ws-100", "river", 0.6, None, "WebSocket (100 a message) over the bare River loop"),
    ("forest", "ws-100", "river", 0.95, None, "WebSocket (100 a message) over the bare River loop, forest"),
)
# The loop that scores does what a learn with features does; this is reported beside what is wanted.
_TOLD = (
    ("logistic", "ndjson-learns", "river-scored", "NDJSON stream over a River loop that scores as well"),
    (
        "forest",
        "ndjson-learns",
        "river-scored",
        "NDJSON stream over a River loop that scores as well, forest",
    ),
)


def between_servers(results: Results) -> list[Ratio]:
    """Return what is wanted of the comparison, as far as it was measured."""
    wanted = [
        Ratio(what=what, values=_over(results, workload, scenario, column), at_least=at_least, aim=aim)
        for workload, scenario, column, at_least, aim, what in _WANTED
    ]
    reported = [
        Ratio(what=what, values=_over(results, workload, scenario, column))
        for workload, scenario, column, what in _TOLD
    ]
    return [ratio for ratio in (*wanted, *reported) if ratio.values]


def ceilings(results: Results) -> list[Ratio]:
    """Return, for each scenario, the load generator's ceiling over the quickest server that it measured."""
    found = []
    for scenario in SCENARIOS:
        ceiling = results.values("logistic", scenario.name, "canned")
        columns = {kind.name for kind in scenario.servers} - {"canned"}
        rivals = [results.values("logistic", scenario.name, column) for column in columns]
        quickest = max(rivals, key=lambda values: median(values) or 0)
        if values := quotients(ceiling, quickest):
            found.append(Ratio(what=f"load generator, {scenario.title}", values=values, at_least=1.0))
    return found


def _over(results: Results, workload: str, scenario: str, column: str) -> list[float | None]:
    return quotients(results.values(workload, scenario, "this"), results.values(workload, scenario, column))
