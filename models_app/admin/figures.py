"""Figures that the list of served models shows beyond their rows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Func, IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from models_app.models import PendingPrediction, ServedModel, Snapshot
from models_app.services import measuring
from models_app.services.quarantine.releasing import quarantined

_ATTRIBUTE = "figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFigures:
    """One model's pending predictions, its metrics: as of now, or as its newest snapshot has them.

    `quarantine` says why it is not loaded, and is empty where it is.
    """

    n_pending: int = 0
    metrics: dict[str, float | None] | None = None
    metrics_seq: int | None = None
    quarantine: str = ""

    @property
    def title(self) -> str:
        """Return as of when the metrics are."""
        return f"As of learn {self.metrics_seq or 0:,}"

    def lag(self, model: ServedModel) -> str:
        """Return the same, where the model has learned since."""
        seq = self.metrics_seq
        return "" if seq is None or seq >= model.seq else f" (as of learn {seq:,} of {model.seq:,})"


class FigureList(ChangeList):
    """A page of served models with their figures: one query a page, whatever the number of rows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django's "to change" is for rows that one can edit.
        self.title = "Served models"

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, then the figures of what is on it."""
        super().get_results(request)
        models = list(self.result_list)
        found = _with_live(models, _read(models))
        for model in models:
            vars(model)[_ATTRIBUTE] = found.get(model.pk, RowFigures())
        self.result_list = models


def figures_of(model: ServedModel) -> RowFigures:
    """Return what the list has read for a model, or read it now."""
    known = vars(model).get(_ATTRIBUTE)
    if isinstance(known, RowFigures):
        return known
    return _read([model]).get(model.pk, RowFigures())


def _read(models: Iterable[ServedModel]) -> dict[int, RowFigures]:
    # Only after the page is cut: sorting all the models would count for each of them.
    rows = ServedModel.objects.filter(pk__in=[model.pk for model in models]).annotate(
        n_pending=Subquery(_pending_counts()),
        metrics=Subquery(_newest_snapshots().values("metric_values")[:1]),
        metrics_seq=Subquery(_newest_snapshots().values("seq")[:1]),
    )
    set_aside = quarantined()
    return {
        pk: RowFigures(
            n_pending=n_pending, metrics=metrics, metrics_seq=seq, quarantine=str(set_aside.get(name, ""))
        )
        for pk, name, n_pending, metrics, seq in rows.values_list(
            "pk", "name", "n_pending", "metrics", "metrics_seq"
        )
    }


def _with_live(models: Iterable[ServedModel], found: dict[int, RowFigures]) -> dict[int, RowFigures]:
    """Return the figures; of hot models that have learned since their snapshots, with metrics as of now."""
    behind = {model.name: model.pk for model in models if found.get(model.pk, RowFigures()).lag(model)}
    live = measuring.vitals_of_hot(behind, seconds=measuring.PATIENCE_SECONDS)
    of_now = {
        behind[name]: replace(found[behind[name]], metrics=vitals.metrics, metrics_seq=vitals.seq)
        for name, vitals in live.items()
    }
    return found | of_now


def _pending_counts() -> QuerySet[PendingPrediction, dict[str, int]]:
    pending = PendingPrediction.objects.filter(model=OuterRef("pk")).order_by()
    # Without Django's GROUP BY, and of what the index has: a third of the time.
    return pending.annotate(n=Func("model_id", function="COUNT", output_field=IntegerField())).values("n")


def _newest_snapshots() -> QuerySet[Snapshot]:
    return Snapshot.objects.filter(model=OuterRef("pk"), generation=OuterRef("generation")).order_by("-seq")
