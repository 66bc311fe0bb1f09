"""`python -m benchmarks.many`: what a server costs that has a thousand, thirty thousand, a million models.

Of each number: how long it takes to start, what lists and pages take, what a model's first answer takes, and
the memory. Then as many models as are asked for are predicted and learned with in turn, more than may be hot,
and each is compared with bare River. It is no part of `make bench`: a million takes some minutes to register.
"""

import argparse
import json
import pickle
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import affinity, mirrors
from benchmarks.calls import CallError, call, call_json
from benchmarks.registering import name_of
from benchmarks.servers import MODEL, ROOT, ThisServer, new_folder
from benchmarks.turns import Turns
from benchmarks.workloads import Workload, logistic_regression

_WORK = Path(__file__).parent / ".work"
_NUMBERS = [1_000, 30_000, 1_000_000]
_ROUNDS = 5
_COLD = 50
# While nobody asks: what a server does of its own accord.
_IDLE_SECONDS = 10.0
_READY_SECONDS = 600.0
#: What is asked, by what it is called.
_PAGES = {
    "names": "/api/models",
    "names after a name": f"/api/models?after={name_of(500)}",
    "search": f"/api/models?search={name_of(700)[2:]}",
    "details": "/api/models?details=true",
    "metrics": "/metrics",
    "overview": "/",
    "compare": "/compare/",
}


class Registered(ThisServer):
    """A server with many models. `variables_given` are its settings."""

    variables_given: Mapping[str, str] = {}

    def variables(self) -> Mapping[str, str]:
        """Add the settings to those that keep everything in the folder."""
        return {**super().variables(), **self.variables_given}

    def register(self, n: int) -> float:
        """Register so many, and return the seconds that it took."""
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "benchmarks.registering", MODEL, str(n)],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", **self.variables()},
            check=True,
        )
        return time.perf_counter() - began

    def seconds_to_ready(self) -> float:
        """Start, and return the seconds until `/readyz` says so."""
        began = time.perf_counter()
        self.launch()
        while time.perf_counter() - began < _READY_SECONDS:
            self.check()
            try:
                call(self.port, "GET", "/readyz")
            except CallError:
                time.sleep(0.02)
            else:
                return time.perf_counter() - began
        raise CallError(f"not ready after {_READY_SECONDS} s: {self.log()}")


def main() -> int:
    """Measure, print JSON, and return 1 if an answer was wrong."""
    options = _options()
    affinity.pin_client()
    _WORK.mkdir(exist_ok=True)
    found = [measured(n, options.hot, options.turns) for n in options.number or _NUMBERS]
    print(json.dumps(found, indent=1))
    return 1 if any(each["problems"] for each in found) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many", description=__doc__)
    parser.add_argument("--number", action="append", type=int, help="of models; may be repeated")
    parser.add_argument("--hot", type=int, default=10_000, help="HOT_MODELS_MAX")
    parser.add_argument("--turns", type=int, default=12_000, help="models that are asked in turn")
    return parser.parse_args()


def measured(n: int, n_hot: int, n_turns: int) -> dict[str, Any]:
    """Return the figures of a server with so many models, times in milliseconds unless it is said."""
    workload = logistic_regression(n_stream=0)
    server = Registered(new_folder(_WORK, f"many-{n}"))
    server.variables_given = {"HOT_MODELS_MAX": str(n_hot), "DATABASE_URL": ""}
    server.start()
    try:
        server.init()
        server.upload(workload.model)
        server.stop()
        found: dict[str, Any] = {"n": n, "register s": server.register(n), "problems": []}
        found["database MB"] = server.database.stat().st_size / 1e6
        found["start s"] = server.seconds_to_ready()
        found["start again s"] = _again(server)
        found |= _quiet(server, "after the start")
        found |= {name: _asked(server, path) for name, path in _PAGES.items()}
        found["cold first answer"] = _cold(server, workload, n)
        found |= _turns(server, workload, min(n_turns, n), found["problems"])
        found |= _quiet(server, "after the turns")
        found |= {f"{name} when hot": _asked(server, path) for name, path in _PAGES.items()}
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in found.items()}
    finally:
        server.stop()


def _again(server: Registered) -> float:
    server.stop()
    return server.seconds_to_ready()


def _quiet(server: Registered, when: str) -> dict[str, float]:
    """Return the memory, and the share of a core that is used while nobody asks."""
    time.sleep(_IDLE_SECONDS)
    before = server.cpu_seconds()
    time.sleep(_IDLE_SECONDS)
    share = (server.cpu_seconds() - before) / _IDLE_SECONDS
    return {f"core % {when}": 100 * share, f"RSS MB {when}": server.rss_bytes() / 1e6}


def _asked(server: Registered, path: str) -> float | str:
    try:
        return _middle(lambda: call(server.port, "GET", path), _ROUNDS)
    except CallError as error:
        return str(error)[:200]


def _middle(step: Callable[[], object], n: int) -> float:
    return statistics.median(_milliseconds(step) for _ in range(n))


def _milliseconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return 1_000 * (time.perf_counter() - began)


def _cold(server: Registered, workload: Workload, n: int) -> list[float]:
    """Return median and worst of the first answers of models that were used longest ago."""
    features = workload.samples[0].features

    def asks() -> Iterator[float]:
        for number in range(min(_COLD, n // 2)):
            content = {"model": name_of(number), "features": features}
            yield _milliseconds(
                lambda content=content: call_json(server.port, "POST", "/api/predict", content)
            )

    took = sorted(asks())
    return [round(statistics.median(took), 2), round(took[-1], 2)]


def _turns(server: Registered, workload: Workload, n: int, problems: list[str]) -> dict[str, Any]:
    """Predict and learn with `n` models in turn, twice; then compare some of them with bare River."""
    names = [name_of(number) for number in range(n)]
    turns = Turns(server, workload, names)
    began = time.perf_counter()
    turns.warm_up()
    cold = n / (time.perf_counter() - began)
    outcome = turns.run(8, 10.0)
    problems += outcome.problems
    problems += list(_differences(server, workload, names[:: max(1, n // 200)]))
    return {
        "cold pairs/s": cold,
        "pairs/s of 8 in turn": outcome.rate,
        "pairs in turn": outcome.n,
        "hot": _gauge(server, "chantilly_models_hot"),
        "RSS MB in turn": server.rss_bytes() / 1e6,
    }


def _differences(server: Registered, workload: Workload, names: list[str]) -> Iterator[str]:
    """Have models answer that were evicted, and compare them with what they are downloaded as."""
    sample = workload.samples[0]
    for name in names:
        content = {"model": name, "features": sample.features}
        answer = call_json(server.port, "POST", "/api/predict", content)
        expected = mirrors.predict(pickle.loads(server.download(name)), sample)
        if answer["prediction"] != expected:
            yield f"{name} answers {answer}, not {expected}"


def _gauge(server: Registered, name: str) -> float:
    for line in call(server.port, "GET", "/metrics").decode().splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise CallError(f"/metrics has no {name}")


if __name__ == "__main__":
    sys.exit(main())
