"""/api/alerts: what the detectors have found."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, schemas
from models_app.domain.errors import FlavorNotSet, ModelNotFound
from monitoring.drift.alert_lists import list_alerts
from web.dispatch import ThreadedViewSet

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000

ALERT = schemas.full(
    id={"type": "integer"},
    kind={"type": "string", "enum": ["drift", "warning"]},
    model={"type": "string"},
    generation={"type": "integer"},
    seq={"type": "integer", "description": "The learn that revealed it."},
    time={"type": "number", "description": "Seconds since the epoch."},
    source={"type": "string", "description": "`error`, `prediction` or `feature NAME`."},
    detector={"type": "string"},
    value={"type": "number"},
)
ALERTS = schemas.full(alerts={"type": "array", "items": ALERT})


class AlertsViewSet(ThreadedViewSet):
    """Drift alerts."""

    @describing.operation(
        need=needs.LOOK_AT_NAMED,
        operation_id="list_alerts",
        summary="List drift alerts, the newest first",
        responses={200: ALERTS},
        refusals=[FlavorNotSet, ModelNotFound],
    )
    @queries.takes(
        OpenApiParameter("model", str, description="of this model; of all models without it"),
        OpenApiParameter("before", int, description="those with smaller ids: the next page"),
        OpenApiParameter("limit", int, description=f"at most; {DEFAULT_LIMIT} without it"),
    )
    def retrieve(self, request: Request) -> Response:
        """List drift alerts."""
        before = queries.whole(request, "before", default=0, lowest=1, highest=2**63 - 1)
        alerts = list_alerts(
            model=request.query_params.get("model"),
            before=before or None,
            limit=queries.whole(request, "limit", default=DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT),
        )
        return Response({"alerts": alerts})
