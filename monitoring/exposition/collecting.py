"""The figures, read when somebody asks for them: between two scrapes they cost nothing."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, product

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)

from models_app.domain import windows
from models_app.domain.contracts import BREACHES
from models_app.services import configuring, measuring, replica, snapshot_objects
from models_app.services.contracts.reading import breach_counts
from models_app.services.inspecting import Histogram, Timings
from models_app.services.listing import ModelSummary, RecentModels, list_recent
from models_app.services.quarantine.releasing import quarantined_count
from monitoring.alerting.lists import alert_counts
from monitoring.drift.watches import ALERT_KINDS
from monitoring.exposition.processes import of_processes
from monitoring.figures import calls as counted
from monitoring.webhook import outbox

_PREFIX = "chantilly_"


class Collector:
    """Yields Prometheus's metric families; `collect` is what its registries call.

    `max_models` bounds the labels: the models used last are shown, the others only counted.

    What is in the database (learns, predictions, pending predictions, drift alerts, metrics over all models)
    holds whichever process is asked, and goes on after a restart. Calls, refusals, histograms and the number
    of hot models are this server's, its processes added up, and begin at zero with it: a counter that is
    written down now and then falls by a few in a crash, which its readers would take for a beginning at zero.
    """

    def __init__(self, *, max_models: int) -> None:
        self._max_models = max_models

    def collect(self) -> Iterator[Metric]:
        """Yield all families; raises `StorageUnavailable`."""
        seen = list_recent(max_models=self._max_models)
        yield self._about(seen)
        yield from _of_routes()
        yield from _of_instance(seen)
        yield from _of_models(seen)
        yield from _of_drift(seen)
        yield from _of_contracts(seen)
        yield from _of_webhook()
        yield from _of_snapshot_store()
        yield from _of_replica()
        yield from _of_process(seen)
        yield from of_processes()

    @staticmethod
    def _about(seen: RecentModels) -> Metric:
        about = InfoMetricFamily(_PREFIX + "instance", "The flavor, and what the server is made of.")
        about.add_metric([], {"flavor": configuring.flavor_name() or "", **seen.versions})
        return about


def _of_routes() -> Iterator[Metric]:
    calls = SummaryMetricFamily(
        _PREFIX + "call_duration_seconds",
        "Calls of this server, refused ones too, and how long they took.",
        labels=["route"],
        unit="seconds",
    )
    found = counted.counts()
    for route, total in sorted(found.calls.items()):
        calls.add_metric([route], count_value=total.n_calls, sum_value=total.duration_ns / 1e9)
    yield calls
    refused = CounterMetricFamily(
        _PREFIX + "refusals", "Calls refused by this server.", labels=["route", "status"]
    )
    for key, n in sorted(found.refusals.items()):
        refused.add_metric(key.split(" "), n)
    yield refused


def _of_instance(seen: RecentModels) -> Iterator[Metric]:
    yield _gauge("models", "Served models.", seen.n_models)
    yield _gauge("models_left_out", "Models that this page leaves out.", seen.n_left_out)
    yield _gauge(
        "models_quarantined", "Models that have ended their process, and are not loaded.", quarantined_count()
    )
    yield _gauge("models_hot", "Models in this process's memory.", seen.n_hot)
    scores = GaugeMetricFamily(
        _PREFIX + "instance_metric",
        "Metrics over all models of a flavor, by progressive validation.",
        labels=["flavor", "metric"],
    )
    for flavor, values in measuring.metrics_by_flavor().items():
        _add_scores(scores, [flavor], values)
    yield scores


def _of_models(seen: RecentModels) -> Iterator[Metric]:
    models = seen.models
    yield _counters("learns", "Learns since the upload.", ((m.name, m.n_learns + m.n_undone) for m in models))
    yield _counters("predictions", "Predictions.", ((m.name, m.n_predictions) for m in models))
    yield _gauges(
        "pending_predictions", "Predictions that await their truth.", ((m.name, m.n_pending) for m in models)
    )
    yield _gauges(
        "model_size_bytes", "The newest pickle.", ((m.name, m.size_bytes) for m in models), unit="bytes"
    )
    yield _gauges(
        "model_memory_bytes", "Memory of hot models, as far as estimated.", seen.memory.items(), unit="bytes"
    )
    yield _gauges(
        "model_busy_seconds",
        "For how long a model has been busy with what it does now, from one second on.",
        seen.busy.items(),
        unit="seconds",
    )
    yield _times("last_learn", "The last learn.", models, [m.last_learned_at for m in models])
    yield _times("last_prediction", "The last prediction.", models, [m.last_predicted_at for m in models])
    yield _times("upload", "The upload.", models, [m.uploaded_at for m in models])
    yield _gauges("default_model", "1 for the default model.", ((m.name, 1) for m in models if m.is_default))
    yield _gauges(
        "snapshot_seq",
        "Learns that the newest snapshot has.",
        ((n, s.seq) for n, s in seen.snapshots.items()),
    )
    taken = GaugeMetricFamily(
        _PREFIX + "snapshot_timestamp_seconds", "The newest snapshot.", labels=["model"], unit="seconds"
    )
    for name, snapshot in seen.snapshots.items():
        taken.add_metric([name], snapshot.taken_at.timestamp())
    yield taken
    scores = GaugeMetricFamily(
        _PREFIX + "metric",
        "A model's metrics, by progressive validation; of one that is not in memory, its newest snapshot's.",
        labels=["model", "flavor", "metric"],
    )
    for model in models:
        _add_scores(scores, [model.name, model.flavor], model.metrics or {})
    yield scores
    rolling = GaugeMetricFamily(
        _PREFIX + "rolling_metric",
        f"A model's metrics over its last {windows.SIZE:,} learns; of models in memory.",
        labels=["model", "flavor", "metric"],
    )
    for model in models:
        _add_scores(rolling, [model.name, model.flavor], seen.rolling.get(model.name, {}))
    yield rolling


def _of_drift(seen: RecentModels) -> Iterator[Metric]:
    family = CounterMetricFamily(
        _PREFIX + "drift_alerts",
        "What drift detectors have found, and features that are not as their contract has them.",
        labels=["model", "kind"],
    )
    counts = alert_counts([model.name for model in seen.models])
    # The zeros, too: of a counter that begins at one nobody sees the increase.
    for model, kind in product(seen.models, ALERT_KINDS):
        family.add_metric([model.name, kind], counts.get((model.name, kind), 0))
    yield family


def _of_contracts(seen: RecentModels) -> Iterator[Metric]:
    family = CounterMetricFamily(
        _PREFIX + "contract_breaches",
        "Features that were not as the model's contract has them, and were taken all the same.",
        labels=["model", "breach"],
    )
    counts = breach_counts([model.name for model in seen.models])
    for model, breach in product(seen.models, BREACHES):
        family.add_metric([model.name, breach], counts.get(model.name, {}).get(breach, 0))
    yield family


def _of_webhook() -> Iterator[Metric]:
    counted = outbox.counts()
    failures = CounterMetricFamily(
        _PREFIX + "alert_delivery_failures", "Attempts to deliver an alert that have failed."
    )
    failures.add_metric([], counted.pop("failed"))
    family = GaugeMetricFamily(
        _PREFIX + "alert_deliveries", "Alerts for the webhook, by what became of them.", labels=["state"]
    )
    for state, n in counted.items():
        family.add_metric([state], n)
    yield family
    yield failures


def _of_snapshot_store() -> Iterator[Metric]:
    seen = snapshot_objects.figures()
    if seen is None:
        return
    yield _gauge(
        "snapshot_store_up", "1 where this process could use the object store last.", not seen.failure
    )
    yield _gauge("snapshot_store_discarded", "Objects that are still to be removed.", seen.n_discarded)
    failures = CounterMetricFamily(
        _PREFIX + "snapshot_store_failures", "Requests of this process to the object store that have failed."
    )
    failures.add_metric([], seen.n_failures)
    yield failures


def _of_replica() -> Iterator[Metric]:
    lag = replica.watch.lag()
    if lag is not None:
        yield _gauge("replica_lag_seconds", "Up to how long ago litestream has replicated.", lag.seconds)
        yield _gauge("replica_lag_bytes", "What it had not, of the database's log.", lag.n_bytes)


def _of_process(seen: RecentModels) -> Iterator[Metric]:
    names = {model.name for model in seen.models}
    timings = {name: timing for name, timing in seen.timings.items() if name in names}
    yield _refusals(timings)
    for attribute, name, meaning in (
        ("answer", "answer", "How long requests took from their model's queue to the answer."),
        ("wait", "queue_wait", "How long requests waited in their model's queue."),
        ("compute", "compute", "How long batches took to compute."),
        ("commit", "commit", "How long batches took to become durable."),
        ("delay", "truth_delay", "How long ground truths came after their predictions."),
    ):
        yield _histogram(attribute, name, meaning, timings)


def _refusals(timings: dict[str, Timings]) -> Metric:
    family = CounterMetricFamily(
        _PREFIX + "model_refusals",
        "Predictions and learns that a model refused, records of streams included.",
        labels=["model", "code"],
    )
    for model, timing in timings.items():
        for code, n in sorted(timing.refused.copy().items()):
            family.add_metric([model, code], n)
    return family


def _histogram(attribute: str, name: str, meaning: str, timings: dict[str, Timings]) -> Metric:
    family = HistogramMetricFamily(f"{_PREFIX}{name}_seconds", meaning, labels=["model"], unit="seconds")
    for model, timing in timings.items():
        histogram: Histogram = getattr(timing, attribute)
        family.add_metric([model], buckets=buckets(histogram), sum_value=histogram.seconds)
    return family


def buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return the counts as Prometheus has them: of all durations up to each bound.

    >>> histogram = Histogram()
    >>> histogram.record(0.0015)
    >>> dict(buckets(histogram))["0.001"], dict(buckets(histogram))["0.002"], dict(buckets(histogram))["+Inf"]
    (0.0, 1.0, 1.0)
    """
    bounds = [*(str(bound) for bound in histogram.bounds), "+Inf"]
    # A copy: other threads go on counting.
    return list(zip(bounds, map(float, accumulate(list(histogram.counts))), strict=True))


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, meaning, value=value)


def _gauges(name: str, meaning: str, values: Iterable[tuple[str, float]], *, unit: str = "") -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, meaning, labels=["model"], unit=unit)
    for model, value in values:
        family.add_metric([model], value)
    return family


def _counters(name: str, meaning: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(_PREFIX + name, meaning, labels=["model"])
    for model, value in values:
        family.add_metric([model], value)
    return family


def _times(
    name: str, meaning: str, models: Sequence[ModelSummary], times: Sequence[datetime | None]
) -> Metric:
    seconds = [
        (model.name, time.timestamp()) for model, time in zip(models, times, strict=True) if time is not None
    ]
    return _gauges(f"{name}_timestamp_seconds", f"{meaning} Since the epoch.", seconds, unit="seconds")


def _add_scores(family: GaugeMetricFamily, labels: list[str], scores: dict[str, float | None]) -> None:
    for metric, value in scores.items():
        if value is not None:
            family.add_metric([*labels, metric], value)
