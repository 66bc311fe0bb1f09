"""/api/alerts: what the detectors have found."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, schemas
from models_app.domain.errors import FlavorNotSet, ModelNotFound
from monitoring.drift.alert_lists import list_alerts
from monitoring.drift.watches import ALERT_KINDS
from web.dispatch import ThreadedViewSet

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000

ALERT = schemas.full(
    id={"type": "integer"},
    kind={"type": "string", "enum": list(ALERT_KINDS)},
    model={"type": "string"},
    generation={"type": "integer"},
    seq={"type": "integer", "description": "The learn that revealed it."},
    time={"type": "number", "description": "Seconds since the epoch."},
    source={"type": "string", "description": "`error`, `prediction`, `feature NAME` or `features`."},
    detector={"type": "string"},
    value={
        "type": "number",
        "nullable": True,
        "description": "Null where it is of a feature, and the model's features are not shown.",
    },
)
ALERTS = schemas.full(alerts={"type": "array", "items": ALERT})
BEFORE = queries.Whole(
    name="before", highest=2**63 - 1, default=0, description="those with smaller ids: the next page"
)
LIMIT = queries.Whole(
    name="limit",
    highest=MAX_LIMIT,
    default=DEFAULT_LIMIT,
    description=f"at most; {DEFAULT_LIMIT} without it",
)


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
        BEFORE.described,
        LIMIT.described,
    )
    def retrieve(self, request: Request) -> Response:
        """List drift alerts."""
        alerts = list_alerts(
            model=request.query_params.get("model"),
            before=BEFORE.of(request) or None,
            limit=LIMIT.of(request),
        )
        return Response({"alerts": alerts})
