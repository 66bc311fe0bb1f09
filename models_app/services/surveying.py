"""A look at everything at once, for who watches the instance: bounded, and held up by no slow model."""

import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from django.db.models import Max

from models_app.domain.errors import ChantillyError
from models_app.engine.commands import Inspect
from models_app.engine.hot import Vitals
from models_app.engine.timings import Timings
from models_app.models import ServedModel, Snapshot
from models_app.models.transactions import translated_errors
from models_app.services.listing import ModelSummary, pending_counts, summary
from models_app.services.runtime import get_engine
from models_app.services.weighing import scales

# A model that takes longer to say how it does is told of as its newest snapshot has it.
_PATIENCE_SECONDS = 1.0
# What a look may spend on weighing models; the rest is weighed at the next ones.
_WEIGHING_SECONDS = 0.02
_Metrics = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Survey:
    """The instance at a glance: the models used last, by name, each with the metrics that are known of it.

    `rolling` are the metrics over the last learns, of the hot models; `memory` is what these take, in bytes,
    as far as they have been weighed; `snapshots` are the newest by model, without their bytes; `timings` are
    of this process. `busy` is for how many seconds models have been busy with what they do now, from one
    second on.
    """

    models: list[ModelSummary]
    rolling: dict[str, _Metrics]
    memory: dict[str, int]
    snapshots: dict[str, Snapshot]
    timings: dict[str, Timings]
    busy: dict[str, float]
    n_models: int
    n_hot: int
    versions: dict[str, str]

    @property
    def n_left_out(self) -> int:
        """The models that were not looked at."""
        return self.n_models - len(self.models)


def survey(*, max_models: int) -> Survey:
    """Look at the instance, and at no more than `max_models` models; raises `StorageUnavailable`.

    No model is loaded for it: of one that is not hot, the metrics are those of its newest snapshot.
    """
    engine = get_engine()
    with translated_errors():
        models = list(ServedModel.objects.last_used_first()[:max_models])
        n_models = ServedModel.objects.count() if len(models) == max_models else len(models)
        pending = pending_counts()
        snapshots = _newest_snapshots(models)
    hot = hot_vitals([model.name for model in models])
    weighable = [(model, hot[model.name]) for model in models if model.name in hot]
    summaries = []
    for model in models:
        kept, vitals = snapshots.get(model.name), hot.get(model.name)
        metrics = vitals.metrics if vitals else kept.metric_values if kept else None
        summaries.append(summary(model, pending.get(model.pk, 0), metrics or None))
    return Survey(
        models=sorted(summaries, key=lambda model: model.name),
        rolling={name: vitals.rolling_if_any() for name, vitals in hot.items()},
        memory=scales.weigh_some(weighable, seconds=_WEIGHING_SECONDS),
        snapshots=snapshots,
        timings=engine.timings(),
        busy=engine.busy_models(),
        n_models=n_models,
        n_hot=engine.n_hot,
        versions={name: version(name) for name in ("django", "river")},
    )


def _newest_snapshots(models: list[ServedModel]) -> dict[str, Snapshot]:
    names = {(model.pk, model.generation): model.name for model in models}
    newest = Snapshot.objects.values("model_id", "generation").annotate(newest=Max("pk")).values("newest")
    found = Snapshot.objects.without_bytes().filter(pk__in=newest)
    return {
        names[snapshot.model_id, snapshot.generation]: snapshot
        for snapshot in found
        if (snapshot.model_id, snapshot.generation) in names
    }


def hot_vitals(names: list[str]) -> dict[str, Vitals]:
    """Return the figures of those models that are hot, as far as they come in time."""
    engine = get_engine()
    hot = engine.hot_names()
    asked: dict[str, Future[Any]] = {}
    for name in names:
        if name in hot:
            command = Inspect(name)
            asked[name] = command.answered_in_thread()
            engine.submit(command)
    until = time.monotonic() + _PATIENCE_SECONDS
    answers = {name: _answer(future, until) for name, future in asked.items()}
    return {name: vitals for name, vitals in answers.items() if vitals is not None}


def _answer(future: "Future[Any]", until: float) -> Vitals | None:
    try:
        vitals: Vitals = future.result(timeout=max(0.0, until - time.monotonic()))
    except (ChantillyError, NotYet):
        # Deleted meanwhile, or busy.
        return None
    return vitals
