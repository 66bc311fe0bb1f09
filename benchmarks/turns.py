"""Many models on one server, each asked in its turn."""

from collections.abc import Iterable, Sequence
from itertools import count

from benchmarks import checks, mirrors
from benchmarks.calls import CallError
from benchmarks.measuring import GRACE_SECONDS, Outcome, run_pairs
from benchmarks.servers import ThisServer
from benchmarks.wire import Requests
from benchmarks.workloads import Workload


class Turns:
    """Many models in turn, each with its mirror in bare River."""

    def __init__(self, server: ThisServer, workload: Workload, names: Sequence[str]) -> None:
        self._port = server.port
        self._workload = workload
        self._n = len(names)
        self._requests = Requests(workload, names)
        self._models = [workload.load() for _ in names]

    def warm_up(self) -> None:
        """Have every model loaded."""
        pairs, _ = run_pairs(self._port, [self._requests], iter(range(self._n)), GRACE_SECONDS)
        if wrong := self._check(pairs):
            raise CallError(str(wrong))

    def run(self, n_connections: int, seconds: float) -> Outcome:
        """Predict and learn, and check: a model's records are far apart, so their order is known."""
        exchanges, took = run_pairs(self._port, [self._requests] * n_connections, count(), seconds)
        n = sum(map(len, exchanges))
        return Outcome(n / took, n, self._check(exchanges))

    def _check(self, exchanges: checks.Exchanges) -> list[str]:
        if wrong := checks.check_statuses(exchanges):
            return wrong
        pairs = sorted((pair for own in exchanges for pair in own), key=lambda pair: pair.number)
        return checks.check_sequence(pairs, list(self._expected(pairs)))

    def _expected(self, pairs: Iterable[checks.Pair]) -> Iterable[mirrors.Prediction]:
        for pair in pairs:
            model, sample = self._models[pair.number % self._n], self._workload.sample(pair.number)
            yield mirrors.predict(model, sample)
            model.learn_one(dict(sample.features), sample.ground_truth)
