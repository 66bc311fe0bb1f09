"""/api/alerts: what detectors and rules have found, and what was done about it."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.domain.errors import AlertNotFound, FlavorNotSet, InvalidRequest, ModelNotFound
from models_app.wire import managing
from models_app.wire.schema import Schema
from monitoring.alerting import keeping
from monitoring.alerting.kinds import KINDS
from monitoring.alerting.lists import Chosen, list_alerts
from monitoring.drift.formats import alert_fields
from monitoring.models import DriftAlert
from monitoring.models.alerts import STATES, State
from web.dispatch import ThreadedViewSet

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
_HIGHEST = 2**63 - 1
# All such numbers fit into the database's.
_MOST_DIGITS = 19
_TIME: Schema = {"type": "number", "nullable": True, "description": "Seconds since the epoch."}
_FIELDS: dict[str, Schema] = {
    "id": {"type": "integer"},
    "kind": {"type": "string", "enum": list(KINDS)},
    "model": {"type": "string"},
    "generation": {"type": "integer"},
    "seq": {"type": "integer", "description": "The learn that revealed it."},
    "time": {"type": "number", "description": "Seconds since the epoch."},
    "source": {
        "type": "string",
        "description": "`error`, `prediction`, `feature NAME` or `features`; `status`: a rule.",
    },
    "detector": {"type": "string"},
    "value": {
        "type": "number",
        "nullable": True,
        "description": "Null of a status, and of a feature where the model's features are not shown.",
    },
    "reason": {"type": "string", "description": "Of a status: what the rules say."},
    "state": {"type": "string", "enum": list(STATES)},
    "is_muted": {"type": "boolean", "description": "It was opened while its kind was muted."},
    "acknowledged_at": _TIME,
    "acknowledged_by": {"type": "string"},
    "note": {"type": "string"},
    "resolved_at": _TIME,
    "resolution": {"type": "string", "description": "What has ended it."},
}
ALERT = schemas.full(**_FIELDS)
ALERTS = schemas.full(
    alerts={"type": "array", "items": ALERT},
    next={"type": "integer", "nullable": True, "description": "`before` of the next page."},
)
_ENTRY = schemas.full(
    time={"type": "number", "description": "Seconds since the epoch."},
    actor={"type": "string"},
    action={"type": "string", "enum": [keeping.OPENED, keeping.ACKNOWLEDGED, keeping.RESOLVED]},
    text={"type": "string"},
)
ONE = schemas.full(**_FIELDS, history={"type": "array", "items": _ENTRY})
BEFORE = queries.Whole(
    name="before", highest=_HIGHEST, default=0, description="those with smaller ids: the next page"
)
LIMIT = queries.Whole(
    name="limit",
    highest=MAX_LIMIT,
    default=DEFAULT_LIMIT,
    description=f"at most; {DEFAULT_LIMIT} without it",
)


class AlertsViewSet(ThreadedViewSet):
    """Alerts."""

    @describing.operation(
        need=needs.LOOK_AT_NAMED,
        operation_id="list_alerts",
        summary="List alerts, the newest first",
        responses={200: ALERTS},
        refusals=[FlavorNotSet, ModelNotFound],
    )
    @queries.takes(
        OpenApiParameter("model", str, description="of this model; of all models without it"),
        OpenApiParameter("state", str, enum=list(STATES), description="in this state; in any without it"),
        OpenApiParameter("kind", str, enum=list(KINDS), description="of this kind; of any without it"),
        BEFORE.described,
        LIMIT.described,
    )
    def find(self, request: Request) -> Response:
        """List alerts."""
        query = request.query_params
        chosen = Chosen(
            model=query.get("model"),
            state=state_of(query.get("state")),
            kind=kind_of(query.get("kind")),
            before=BEFORE.of(request) or None,
        )
        page = list_alerts(chosen, limit=LIMIT.of(request))
        return Response({"alerts": [alert_fields(alert) for alert in page.alerts], "next": page.next})

    @describing.operation(
        need=needs.LOOK_AT_FOUND,
        operation_id="get_alert",
        summary="Return an alert with its history",
        responses={200: ONE},
        refusals=[AlertNotFound],
    )
    @queries.takes()
    def retrieve(self, request: Request, alert_id: str) -> Response:
        """Return an alert."""
        return Response(_with_history(_found(alert_id)))

    @describing.operation(
        need=needs.MANAGE_FOUND,
        operation_id="acknowledge_alert",
        summary="Acknowledge an alert, with a note",
        request=request_bodies.ACKNOWLEDGE,
        responses={200: ONE},
        refusals=[AlertNotFound],
    )
    @queries.takes()
    def acknowledge(self, request: Request, alert_id: str) -> Response:
        """Acknowledge an alert."""
        found = _found(alert_id)
        note = managing.acknowledgement(request.body)
        alert = keeping.acknowledge(alert_id=found.pk, note=note, now=timezone.now())
        return Response(_with_history(alert))


def state_of(text: str | None) -> State | None:
    """Return a state by its name; None: none is given. Raises `InvalidRequest`."""
    found = next((state for state in STATES if state == text), None)
    if text is not None and found is None:
        raise InvalidRequest({"state": [f"must be one of {', '.join(STATES)}"]})
    return found


def kind_of(text: str | None) -> str | None:
    """Return a kind of alerts; None: none is given. Raises `InvalidRequest`."""
    if text is not None and text not in KINDS:
        raise InvalidRequest({"kind": [f"must be one of {', '.join(KINDS)}"]})
    return text


def _found(alert_id: str) -> DriftAlert:
    """Return an alert of a model that who asks may use; raises `AlertNotFound`, `Forbidden`."""
    is_number = alert_id.isascii() and alert_id.isdigit() and len(alert_id) < _MOST_DIGITS
    if not is_number:
        raise AlertNotFound(alert_id)
    alert = keeping.find_alert(int(alert_id))
    needs.check_may_use(alert.model.name)
    return alert


def _with_history(alert: DriftAlert) -> dict[str, object]:
    history = [
        {"time": entry.time.timestamp(), "actor": entry.actor, "action": entry.action, "text": entry.text}
        for entry in alert.history.order_by("pk")
    ]
    return {**alert_fields(alert), "history": history}
