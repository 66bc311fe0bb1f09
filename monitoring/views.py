"""The statistics of the calls, and of one model, for clients."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, schemas
from models_app.domain.errors import FlavorNotSet, ModelNotFound
from models_app.services.configuring import check_set_up
from models_app.services.finding import Served, find
from models_app.services.listing import quarantine_of
from models_app.services.quarantine.releasing import find_quarantined
from models_app.services.snapshotting import SnapshotFigures
from models_app.wire.schema import Schema
from monitoring.figures.calls import save_everywhere
from monitoring.figures.rates import WINDOW_SECONDS
from monitoring.figures.reporting import STEPS, ModelFigures, model_figures
from monitoring.statistics import ROUTES, recorder
from web.dispatch import ThreadedViewSet

_NANOSECONDS = {"type": "integer", "description": "Nanoseconds."}
_COUNT = {"type": "integer"}
_BYTES = {"type": "integer", "description": "Bytes."}
_ROUTE = schemas.full(
    n_calls=_COUNT,
    mean_duration=_NANOSECONDS,
    mean_duration_human={"type": "string"},
    ewm_duration=_NANOSECONDS,
    ewm_duration_human={"type": "string"},
)
_SECONDS = {"type": "number", "nullable": True, "description": "Seconds."}
_QUANTILES = schemas.full(n=_COUNT, p50=_SECONDS, p90=_SECONDS, p99=_SECONDS)
_AGE = schemas.full(up_to_seconds=_SECONDS, n=_COUNT)
_RATES = schemas.full(
    window_seconds={"type": "number"},
    predictions_per_second={"type": "number"},
    learns_per_second={"type": "number"},
)
_SNAPSHOT: Schema = {
    **schemas.full(
        seq={"type": "integer", "description": "The learns that it has."},
        taken_at={"type": "number", "description": "Seconds since the epoch."},
        size_bytes=_BYTES,
    ),
    "nullable": True,
}
_REMARKS: Schema = {
    "type": "array",
    "description": "What there is to know about the model.",
    "items": schemas.full(code={"type": "string"}, message={"type": "string"}),
}
_CALLS: dict[str, Schema] = dict.fromkeys(ROUTES, _ROUTE)
STATISTICS: Schema = {
    "description": "With `model` it has more than `predict` and `learn`.",
    "oneOf": [
        schemas.full(**_CALLS),
        schemas.full(
            **_CALLS,
            model={"type": "string"},
            durations=schemas.full(**dict.fromkeys(STEPS, _QUANTILES)),
            delay=_QUANTILES,
            pending=schemas.full(n=_COUNT, by_age={"type": "array", "items": _AGE}),
            rates=_RATES,
            refused={"type": "object", "additionalProperties": _COUNT, "description": "By error code."},
            size_bytes=_BYTES,
            memory_bytes={**_BYTES, "nullable": True},
            snapshot=_SNAPSHOT,
            quarantine=schemas.QUARANTINE,
            remarks=_REMARKS,
        ),
    ],
}


class StatisticsViewSet(ThreadedViewSet):
    """The calls of predict and learn since `init`, those that were refused too; and how a model is served."""

    @describing.operation(
        need=needs.LOOK_AT_NAMED,
        operation_id="stats",
        summary="Return how many calls there were and how long they took",
        description="The mean, and an exponentially weighted mean with a fading factor of 0.3.",
        responses={200: STATISTICS},
        refusals=[FlavorNotSet, ModelNotFound],
    )
    @queries.takes(OpenApiParameter("model", str, description="how this model is served"))
    def retrieve(self, request: Request) -> Response:
        """Return the number of calls and their durations, by route; of one model also what else is known."""
        # Before there is a flavor or a model there is nothing to count: refused.
        check_set_up()
        name = request.query_params.get("model")
        if name is None:
            save_everywhere()
            return Response(recorder.report())
        model = find(name)
        return Response(_of_model(model, model_figures(model, now=timezone.now())))


def _of_model(model: Served, figures: ModelFigures) -> dict[str, Any]:
    return {
        "model": model.name,
        "predict": figures.predict,
        "learn": figures.learn,
        "durations": {step: asdict(quantiles) for step, quantiles in figures.steps.items()},
        "delay": asdict(figures.delay),
        "pending": {
            "n": figures.n_pending,
            "by_age": [{"up_to_seconds": age.up_to_seconds, "n": age.n} for age in figures.pending],
        },
        "rates": {
            "window_seconds": WINDOW_SECONDS,
            "predictions_per_second": figures.rate.predictions,
            "learns_per_second": figures.rate.learns,
        },
        "refused": figures.refused,
        "size_bytes": model.size_bytes,
        "memory_bytes": figures.memory_bytes,
        "snapshot": _of_snapshot(figures.snapshot),
        "quarantine": _of_quarantine(model),
        "remarks": model.remarks,
    }


def _of_quarantine(model: Served) -> dict[str, Any] | None:
    found = quarantine_of(find_quarantined(model.pk, model.generation))
    return None if found is None else asdict(found)


def _of_snapshot(snapshot: SnapshotFigures | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    return {
        "seq": snapshot.seq,
        "taken_at": snapshot.taken_at.timestamp(),
        "size_bytes": snapshot.size_bytes,
    }
