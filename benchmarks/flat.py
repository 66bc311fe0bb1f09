"""Flat costs: bytes, pending predictions, models, a long journal, being watched; the time to be back.

Both sides of each ratio are this server, in the same rounds.
"""

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks import checks, journals, mirrors, progress, streams
from benchmarks.calls import CallError, call_json
from benchmarks.comparing import EXPECTED_FAILURES, attempt, started
from benchmarks.measuring import (
    GRACE_SECONDS,
    NDJSON,
    Bench,
    Outcome,
    check_unlearned,
    run_pairs,
    run_predictions,
    warm_up,
)
from benchmarks.mirrors import Mirror
from benchmarks.plans import Plan
from benchmarks.progress import connections, say
from benchmarks.results import Ratio, Results, quotients
from benchmarks.servers import MODEL, ThisServer
from benchmarks.states import check_state, first_prediction, multiply_pending
from benchmarks.turns import Turns
from benchmarks.wire import Requests
from benchmarks.workloads import Workload, padded

SMALL_BYTES, LARGE_BYTES = 10_000, 100_000_000
_CONNECTIONS = (1, 8)
_STREAMS_WATCHED = 4
# After that the detectors have seen what was learned.
_LOOK_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Flat:
    """The runs of this part; what they find goes to `results`."""

    bench: Bench
    plan: Plan
    work: Path
    logistic: Workload
    forest: Workload
    results: Results

    def run(self) -> None:
        """Measure all."""
        for part in (
            self.model_bytes,
            self.pending_predictions,
            self.many_models,
            self.long_journal,
            self.drift,
            self.restarts,
        ):
            try:
                part()
            except EXPECTED_FAILURES as error:
                self.results.problems.append(f"{part.__name__}: {error!r}"[:600])

    def model_bytes(self) -> None:
        """Predict with a large model, and with a small one that computes the same."""
        with started(self.work, [ThisServer]) as (server,):
            server.init()
            requests = {name: Requests(self.logistic, [name]) for name in ("small", "large")}
            for name, n_bytes in (("small", SMALL_BYTES), ("large", LARGE_BYTES)):
                server.upload(padded(self.logistic, n_bytes), name)
            warm_up(server.port, list(requests.values()))
            small, large = self._rounds(
                "bytes of the model",
                partial(self._predictions, server.port, requests["small"]),
                partial(self._predictions, server.port, requests["large"]),
            )
        self._found(f"predict with a model of {_mega(LARGE_BYTES)} over one of 10 KB", small, large, 1.1)

    def pending_predictions(self) -> None:
        """Predict and learn among many pending predictions, and among none."""
        n = self.plan.n_pending
        with started(self.work, [ThisServer, ThisServer]) as servers:
            empty, full = self._begin(servers)
            content = {"id": "first", "features": self.logistic.samples[0].features}
            call_json(full.port, "POST", "/api/predict", content, expect=201)
            full.stop()
            multiply_pending(full.database, n - 1)
            full.start()
            for n_connections in _CONNECTIONS:
                self._pairs_of_two(
                    "pending predictions", f"among {n:,} pending", empty, full, n_connections, 1.15
                )
            if (left := journals.n_pending(full)) != n:
                self.results.problems.append(f"of {n} pending predictions {left} are left")

    def many_models(self) -> None:
        """Predict and learn with many models in turn, and with one."""
        names = [f"m{number:04d}" for number in range(self.plan.n_models)]
        with started(self.work, [ThisServer]) as servers:
            (server,) = self._begin(servers)
            warm_up(server.port, [Requests(self.logistic)])
            one_bytes = server.rss_bytes()
            for name in names:
                server.upload(self.logistic.model, name)
            turns = Turns(server, self.logistic, names)
            turns.warm_up()
            many_bytes = server.rss_bytes()
            for n_connections in _CONNECTIONS:
                one, many = self._rounds(
                    f"{len(names)} models, {n_connections}",
                    partial(self._pairs, server, n_connections),
                    partial(turns.run, n_connections, self.plan.seconds),
                )
                what = (
                    f"predict + learn, {len(names):,} models in turn over one, {connections(n_connections)}"
                )
                self._found(what, one, many, 1.3)
        grown = (many_bytes - one_bytes) / len(names) / 1e3
        self.results.ratios.append(Ratio(what="memory of one more model", values=[grown], unit="KB"))

    def long_journal(self) -> None:
        """Predict and learn after many learns, and after none; then come back from a kill."""
        n = self.plan.n_learns
        with started(self.work, [ThisServer, ThisServer]) as servers:
            short, long = self._begin(servers)
            rate = self._fill(long, self.logistic, n)
            say(f"{n:,} learns streamed, {rate:,.0f}/s")
            self.results.problems += check_state(long, self.logistic, n)
            for n_connections in _CONNECTIONS:
                self._pairs_of_two("journal", f"after {n:,} learns", short, long, n_connections, 1.1)
            self._restart(long, f"logistic regression, {n:,} learns", 1)

    def drift(self) -> None:
        """Stream to a model that is watched for drift, as it is by default, and to one that is not.

        What the detectors cost comes later and elsewhere in the process: so its time on the CPU is compared.
        """
        with started(self.work, [ThisServer, ThisServer]) as servers:
            unwatched, watched = self._begin(servers)
            unwatched.manage("watch_drift", MODEL, "--off")
            for kind, title in (("learns", "learns"), ("pairs", "predictions and learns by id")):
                without, with_drift = self._rounds(
                    f"drift, {kind}",
                    partial(self._streams, unwatched, kind),
                    partial(self._streams, watched, kind),
                )
                what = f"CPU time of an NDJSON stream of {title}, watched for drift over not watched"
                self._found(what, without, with_drift, 1.1)

    def _streams(self, server: ThisServer, kind: str) -> Outcome:
        """Stream records one body after the other, and check the answers. The rate is by CPU second."""
        n = self.logistic.n_stream // (2 if kind == "pairs" else 1)
        chunks = self.bench.body(self.logistic, kind, n)
        wrong: list[str] = []
        before = server.cpu_seconds()
        for _ in range(_STREAMS_WATCHED):
            streamed = streams.send_ndjson(server.port, NDJSON, chunks, timeout=GRACE_SECONDS)
            wrong += [str(answer) for answer in streamed.answers if "error" in answer]
        time.sleep(_LOOK_SECONDS)
        n_all = n * _STREAMS_WATCHED
        return Outcome(n_all / (server.cpu_seconds() - before), n_all, wrong[:3])

    def restarts(self) -> None:
        """Kill the server after learns of the forest, and wait for its first prediction."""
        with started(self.work, [ThisServer]) as (server,):
            server.init()
            server.upload(self.forest.model)
            self._fill(server, self.forest, self.forest.n_stream)
            self.results.problems += check_state(server, self.forest, self.forest.n_stream)
            self._restart(server, f"forest, {self.forest.n_stream:,} learns", self.plan.n_restarts)

    def _begin(self, servers: list[ThisServer]) -> list[ThisServer]:
        for server in servers:
            server.init()
            server.upload(self.logistic.model)
        return servers

    def _rounds(self, label: str, *steps: Callable[[], Outcome]) -> list[list[float | None]]:
        """Take the steps in turn, forth and back, and return the rates of each."""
        rates: list[list[float | None]] = [[] for _ in steps]
        for number in range(self.plan.flat_rounds):
            for index in list(range(len(steps)))[:: 1 if number % 2 == 0 else -1]:
                rates[index].append(attempt(label, steps[index], self.results.problems))
        return rates

    def _pairs_of_two(
        self, label: str, what: str, few: ThisServer, many: ThisServer, n_connections: int, at_most: float
    ) -> None:
        of_few, of_many = self._rounds(
            f"{label}, {n_connections}",
            partial(self._pairs, few, n_connections),
            partial(self._pairs, many, n_connections),
        )
        title = f"predict + learn {what} over none, {connections(n_connections)}"
        self._found(title, of_few, of_many, at_most)

    def _found(self, what: str, few: list[float | None], many: list[float | None], at_most: float) -> None:
        """Note a cost over another: the rates the other way round."""
        ratio = Ratio(what=what, values=quotients(few, many), at_most=at_most, unit="cost")
        self.results.ratios.append(ratio)
        say(f"{what}: {progress.middle(few)}/s and {progress.middle(many)}/s", ratio.values)

    def _predictions(self, port: int, requests: Requests) -> Outcome:
        answers, seconds = run_predictions(port, [requests] * 8, self.plan.seconds)
        return Outcome(len(answers) / seconds, len(answers), check_unlearned(answers, self.logistic))

    def _pairs(self, server: ThisServer, n_connections: int) -> Outcome:
        """Predict and learn from where the model is, and check against its journal."""
        model, seq = pickle.loads(server.download(MODEL)), journals.seq(server)
        requests = [Requests(self.logistic, [MODEL])] * n_connections
        exchanges, seconds = run_pairs(server.port, requests, count(), self.plan.seconds)
        n = sum(map(len, exchanges))
        wrong = checks.check_statuses(exchanges)
        if not wrong and n_connections == 1:
            expected = Mirror(self.logistic.samples, model).predictions(n)
            wrong = checks.check_sequence(exchanges[0], expected)
        elif not wrong:
            journal = journals.order(server, after=seq)
            wrong = checks.check_order(exchanges, journal, self.logistic, model)
        return Outcome(n / seconds, n, wrong)

    def _fill(self, server: ThisServer, workload: Workload, n: int) -> float:
        """Have so many records learned, and return how many a second."""
        at_a_time = min(n, 50_000)
        chunks = self.bench.body(workload, "learns", at_a_time)
        started_at = time.perf_counter()
        for _ in range(0, n, at_a_time):
            streamed = streams.send_ndjson(server.port, NDJSON, chunks, timeout=GRACE_SECONDS)
            if streamed.answers != [{}] * at_a_time:
                raise CallError(f"not all of {at_a_time} learns were acknowledged")
        return n / (time.perf_counter() - started_at)

    def _restart(self, server: ThisServer, label: str, n_times: int) -> None:
        values: list[float | None] = []
        for _ in range(n_times):
            expected = pickle.loads(server.download(MODEL))
            server.kill()
            seconds, answer = first_prediction(server, self.logistic)
            values.append(seconds)
            if answer != mirrors.predict(expected, self.logistic.samples[0]):
                self.results.problems.append(f"another prediction after a kill: {answer}")
        what = f"from kill -9 to the first prediction, {label}"
        self.results.ratios.append(Ratio(what=what, values=values, at_most=10, unit="s"))
        say(what, values)


def _mega(n_bytes: int) -> str:
    return f"{n_bytes // 1_000_000} MB"
