"""/api/metrics/history: metrics over time."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, schemas
from models_app.domain.errors import FlavorNotSet, ModelNotFound, UnknownFlavor
from models_app.services.generations import KINDS
from monitoring.history.reading import read_history
from web.dispatch import ThreadedViewSet

DEFAULT_POINTS = 500
MAX_POINTS = 10_000
MAX_LEARNS = 2**53
LEARNS = queries.Whole(
    name="learns",
    highest=MAX_LEARNS,
    default=0,
    description="of so many learns of the model, the newest; all without it",
)
POINTS = queries.Whole(
    name="points",
    highest=MAX_POINTS,
    default=DEFAULT_POINTS,
    description=f"at most; {DEFAULT_POINTS} without it",
)
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_BY_METRIC = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "number", "nullable": True}},
}
_BEGINNING = schemas.full(
    generation={"type": "integer"},
    seq={"type": "integer"},
    time={"type": "number"},
    kind={"type": "string", "enum": list(KINDS)},
)
HISTORY = schemas.full(
    model={"type": "string", "nullable": True},
    flavor={"type": "string"},
    time={**_NUMBERS, "description": "Seconds since the epoch."},
    generation=_NUMBERS,
    seq={
        **_NUMBERS,
        "description": "Learns since the upload; rollbacks and forgetting lead back to fewer.",
    },
    n_predictions=_NUMBERS,
    metrics=_BY_METRIC,
    rolling=_BY_METRIC,
    generations={"type": "array", "description": "How the model's generations began.", "items": _BEGINNING},
)


class HistoryViewSet(ThreadedViewSet):
    """Metrics over time."""

    @describing.operation(
        need=needs.LOOK_AT_NAMED,
        operation_id="metrics_history",
        summary="Return the metrics over time",
        description="Columns of equal length. The past is kept the more coarsely the older it is.",
        responses={200: HISTORY},
        refusals=[FlavorNotSet, ModelNotFound, UnknownFlavor],
    )
    @queries.takes(
        OpenApiParameter("model", str, description="of this model; over all models without it"),
        queries.FLAVOR,
        OpenApiParameter("since", str, description="ISO 8601, or seconds since the epoch"),
        OpenApiParameter("until", str, description="as `since`"),
        LEARNS.described,
        POINTS.described,
    )
    def retrieve(self, request: Request) -> Response:
        """Return the metrics of a model, or over all models, over time."""
        model, flavor = queries.model_or_flavor(request)
        history = read_history(
            model=model,
            flavor=flavor,
            since=queries.moment(request, "since"),
            until=queries.moment(request, "until"),
            n_learns=LEARNS.of(request) or None,
            n_points=POINTS.of(request),
        )
        return Response(history)
