"""One measurement each: a fresh model, the load, then whether the answers were right."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from benchmarks import checks, journals, mirrors, streams, wire
from benchmarks.calls import call_json
from benchmarks.checks import Pair
from benchmarks.load import Answer, Script, drive
from benchmarks.mirrors import Mirrors
from benchmarks.servers import Canned, Server, ThisServer
from benchmarks.streams import Streamed
from benchmarks.wire import Requests
from benchmarks.workloads import Workload

NDJSON = "/api/stream"
WEBSOCKET = "/ws/stream"
# How long answers to what is already sent may take, in seconds.
GRACE_SECONDS = 180.0
#: Messages on a WebSocket that are not answered yet.
IN_FLIGHT = {1: 64, 100: 8}
_PROBES = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Records (or pairs) a second, how many it were, and what was wrong with the answers."""

    rate: float
    n: int
    problems: list[str]


@dataclass(slots=True)
class Bench:
    """The setting of all measurements. A round lasts `seconds`, or until a serial server did its quota."""

    seconds: float
    serial_quota: dict[str, int]
    mirrors: Mirrors = field(default_factory=Mirrors)
    _requests: dict[str, Requests] = field(default_factory=dict)
    _bodies: dict[tuple[object, ...], list[bytes]] = field(default_factory=dict)

    def requests(self, workload: Workload) -> Requests:
        """Return the requests of a workload to the default model."""
        return self._requests.setdefault(workload.name, Requests(workload))

    def pairs(self, server: Server, workload: Workload, n_connections: int) -> Outcome:
        """Predict by id, then learn by id, on each of so many connections."""
        renew(server, workload)
        quota = self.serial_quota.get(workload.name) if server.is_serial else None
        numbers = count() if quota is None else iter(range(quota))
        requests = self.requests(workload)
        exchanges, seconds = run_pairs(server.port, [requests] * n_connections, numbers, self.seconds)
        n = sum(map(len, exchanges))
        return Outcome(n / seconds, n, self._check_pairs(server, workload, exchanges))

    def _check_pairs(self, server: Server, workload: Workload, exchanges: list[list[Pair]]) -> list[str]:
        if isinstance(server, Canned):
            return []
        if wrong := checks.check_statuses(exchanges):
            return wrong
        if len(exchanges) == 1:
            n = len(exchanges[0])
            expected = self.mirrors.of(workload)
            return checks.check_sequence(exchanges[0], expected.predictions(n)) + check_metrics(
                server, expected.metrics(n)
            )
        if isinstance(server, ThisServer):
            return checks.check_order(exchanges, journals.order(server), workload, workload.load())
        return checks.check_well_formed([pair.prediction for pairs in exchanges for pair in pairs])

    def predictions(self, server: Server, workload: Workload, n_connections: int) -> Outcome:
        """Predict without an id, on each of so many connections; nothing is learned."""
        renew(server, workload)
        requests = [self.requests(workload)] * n_connections
        answers, seconds = run_predictions(server.port, requests, self.seconds)
        wrong = [] if isinstance(server, Canned) else check_unlearned(answers, workload)
        return Outcome(len(answers) / seconds, len(answers), wrong)

    def ndjson_learns(self, server: Server, workload: Workload) -> Outcome:
        """Stream learns that bring their features; the server predicts, scores and learns each."""
        renew(server, workload)
        chunks = self.body(workload, "learns", workload.n_stream)
        streamed = streams.send_ndjson(server.port, NDJSON, chunks, timeout=GRACE_SECONDS)
        return self._learned(server, workload, workload.n_stream, streamed)

    def ndjson_pairs(self, server: Server, workload: Workload) -> Outcome:
        """Stream predictions by id, each with its learn in the line after it."""
        renew(server, workload)
        n = workload.n_stream // 2
        chunks = self.body(workload, "pairs", n)
        streamed = streams.send_ndjson(server.port, NDJSON, chunks, timeout=GRACE_SECONDS)
        wrong: list[str] = []
        if not isinstance(server, Canned):
            expected = [p for q in self.mirrors.of(workload).predictions(n) for p in (q, None)]
            wrong = _differences([answer.get("prediction") for answer in streamed.answers], expected)
        return Outcome(n / streamed.seconds, n, wrong)

    def messages(self, server: Server, workload: Workload, n_records: int) -> Outcome:
        """Learn over a WebSocket, so many records a message, each with its features."""
        renew(server, workload)
        n = workload.n_stream if n_records > 1 else workload.n_stream // 4
        streamed = streams.send_messages(
            server.port,
            WEBSOCKET,
            self.body(workload, "messages", n, n_records),
            in_flight=IN_FLIGHT[n_records],
            timeout=GRACE_SECONDS,
        )
        return self._learned(server, workload, n, streamed)

    def _learned(self, server: Server, workload: Workload, n: int, streamed: Streamed) -> Outcome:
        wrong: list[str] = []
        if not isinstance(server, Canned):
            wrong = _differences(streamed.answers, [{}] * n)
            wrong = wrong or self._check_learned(server, workload, n)
        return Outcome(n / streamed.seconds, n, wrong)

    def _check_learned(self, server: Server, workload: Workload, n: int) -> list[str]:
        """After n records of one connection, metrics and predictions must be bare River's."""
        mirror = self.mirrors.after(workload, n)
        wrong = check_metrics(server, mirror.metrics(n))
        for sample in workload.samples[:_PROBES]:
            content = {"features": sample.features}
            answer = call_json(server.port, "POST", "/api/predict", content)["prediction"]
            wrong += _differences([answer], [mirrors.predict(mirror.model, sample)])
        return wrong

    def body(self, workload: Workload, kind: str, n: int, n_records: int = 1) -> list[bytes]:
        key = (workload.name, kind, n, n_records)
        if key not in self._bodies:
            self._bodies[key] = _build(workload, kind, n, n_records)
        return self._bodies[key]


def renew(server: Server, workload: Workload) -> None:
    """Have the server begin again with the workload's model, loaded and warm."""
    server.init()
    server.upload(workload.model)
    warm_up(server.port, [Requests(workload)])


def warm_up(port: int, requests: Sequence[Requests]) -> None:
    """Make one prediction with each; it changes no model."""
    drive(port, [_one(each) for each in requests], timeout=GRACE_SECONDS)


def run_pairs(
    port: int, requests: Sequence[Requests], numbers: Iterator[int], seconds: float
) -> tuple[list[list[Pair]], float]:
    """Predict and learn what comes from `numbers` for so many seconds, on a connection each.

    Returns what each connection did, and how long all took.
    """
    exchanges: list[list[Pair]] = [[] for _ in requests]
    until = time.perf_counter() + seconds
    scripts = [_pairs(each, numbers, until, done) for each, done in zip(requests, exchanges, strict=True)]
    return exchanges, drive(port, scripts, timeout=seconds + GRACE_SECONDS)


def run_predictions(
    port: int, requests: Sequence[Requests], seconds: float
) -> tuple[list[tuple[int, Answer]], float]:
    """Predict for so many seconds, on a connection each; return the answers by number, and the time."""
    answers: list[tuple[int, Answer]] = []
    numbers = count()
    until = time.perf_counter() + seconds
    scripts = [_predictions(each, numbers, until, answers) for each in requests]
    return answers, drive(port, scripts, timeout=seconds + GRACE_SECONDS)


def check_unlearned(answers: Sequence[tuple[int, Answer]], workload: Workload) -> list[str]:
    """Each must be a 200 with what the workload's model predicts before any learn."""
    model = workload.load()
    expected = [mirrors.predict(model, sample) for sample in workload.samples]
    return _differences(
        [(status, json.loads(body).get("prediction")) for _, (status, body) in answers],
        [(200, expected[number % len(expected)]) for number, _ in answers],
    )


def check_metrics(server: Server, expected: dict[str, float]) -> list[str]:
    """The server's metrics must be those."""
    return _differences([server.metrics()], [expected])


def _pairs(requests: Requests, numbers: Iterator[int], until: float, done: list[Pair]) -> Script:
    while time.perf_counter() < until and (number := next(numbers, None)) is not None:
        predicted = yield requests.predict(number)
        learned = yield requests.learn(number)
        done.append(Pair(number, predicted, learned))


def _predictions(
    requests: Requests, numbers: Iterator[int], until: float, answers: list[tuple[int, Answer]]
) -> Script:
    while time.perf_counter() < until:
        number = next(numbers)
        answers.append((number, (yield requests.predict_only(number))))


def _one(requests: Requests) -> Script:
    yield requests.predict_only(0)


def _build(workload: Workload, kind: str, n: int, n_records: int) -> list[bytes]:
    samples = [workload.sample(number) for number in range(n)]
    if kind == "pairs":
        return wire.chunks(b"".join(wire.pair_objects(sample, k) for k, sample in enumerate(samples)))
    records = [wire.learn_object(sample) for sample in samples]
    if kind == "learns":
        return wire.chunks(b"".join(record + b"\n" for record in records))
    if n_records == 1:
        return records
    groups = [records[at : at + n_records] for at in range(0, n, n_records)]
    return [b"[" + b",".join(group) + b"]" for group in groups]


def _differences(answers: Sequence[object], expected: Sequence[object]) -> list[str]:
    if len(answers) != len(expected):
        return [f"{len(answers)} answers instead of {len(expected)}; the last is {answers[-1:]}"]
    wrong = [
        f"answer {number}: {answer} instead of {wanted}"
        for number, (answer, wanted) in enumerate(zip(answers, expected, strict=True))
        if answer != wanted
    ]
    return wrong[:3] + ([f"and {len(wrong) - 3} more"] if len(wrong) > 3 else [])
