"""All figures of one model, for `/api/stats?model=` and for its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from river import stats

from models_app.services.estimating import estimates
from models_app.services.finding import Served
from models_app.services.inspecting import Durations, Vitals, hot_vitals, timings_of
from models_app.services.snapshotting import SnapshotFigures, newest_snapshot
from monitoring.figures.ages import Age, pending_ages
from monitoring.figures.delays import delays
from monitoring.figures.quantities import Quantiles
from monitoring.figures.rates import Rate, rates
from monitoring.statistics import FADING_FACTOR, RouteReport, RouteStatistics

#: The steps of serving a request; the last two are those of a batch.
STEPS = ("answer", "wait", "compute", "commit")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """The figures of serving a model.

    `predict`, `learn`, `steps` and `refused` are this process's, since it started or since the upload.
    `memory_bytes` is None where the model is not in memory, or is busy.
    """

    predict: RouteReport
    learn: RouteReport
    steps: dict[str, Quantiles]
    refused: dict[str, int]
    delay: Quantiles
    pending: list[Age]
    rate: Rate
    memory_bytes: int | None
    snapshot: SnapshotFigures | None

    @property
    def n_pending(self) -> int:
        """The number of predictions that await their ground truth."""
        return sum(age.n for age in self.pending)

    @property
    def n_refused(self) -> int:
        """The number of refusals."""
        return sum(self.refused.values())


def model_figures(model: Served, *, now: datetime) -> ModelFigures:
    """Return a model's figures; no model is loaded for them. Raises `StorageUnavailable`."""
    # The look at the model waits for the turn before it: what is answered is counted.
    vitals = hot_vitals([model.name]).get(model.name)
    timings = timings_of(model)
    return ModelFigures(
        predict=_calls(timings.predict),
        learn=_calls(timings.learn),
        steps={step: Quantiles.of(getattr(timings, step).recent) for step in STEPS},
        refused=dict(sorted(timings.refused.copy().items())),
        delay=Quantiles.of(delays.of(model)),
        pending=pending_ages(model, now=now),
        rate=rates.of(model),
        memory_bytes=_memory(model, vitals),
        snapshot=newest_snapshot(model),
    )


def _calls(durations: Durations) -> RouteReport:
    n, recent = durations.n, durations.recent
    statistics = RouteStatistics.of(
        n_calls=n, mean_ns=1e9 * durations.seconds / max(n, 1), ewm_ns=1e9 * _newest_mean(recent)
    )
    return statistics.report()


def _newest_mean(durations: Sequence[float]) -> float:
    """Return the exponentially weighted mean; what is not kept any more would not show in it."""
    mean = stats.EWMean(FADING_FACTOR)
    for seconds in durations:
        mean.update(seconds)
    return float(mean.get() or 0.0)


def _memory(model: Served, vitals: Vitals | None) -> int | None:
    return None if vitals is None else estimates.estimate(model, vitals)
