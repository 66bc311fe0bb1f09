"""The event streams in JSON Schema: the data of their events, by the events' names."""

from models_app.api.schemas import EVENTS as BY_NAME
from models_app.api.schemas import METRICS as INSTANCE_METRICS
from models_app.api.schemas import full
from models_app.wire.schema import Schema, named
from monitoring.alerting.views import ALERT
from monitoring.drift.alerts import RESOLVED
from monitoring.drift.watches import ALERT_KINDS
from monitoring.models.alerts import STATUS

_END = full()
_RESET = full(channels={"type": "array", "items": {"type": "string"}})
_CALLS: dict[str, Schema] = {"predict": named("PredictEvent"), "learn": named("LearnEvent")}
_ALERTS: dict[str, Schema] = dict.fromkeys((*ALERT_KINDS, STATUS, RESOLVED), ALERT)


def _stream(**events: Schema) -> Schema:
    return {"type": "string", "description": "Server-Sent Events; data is JSON.", BY_NAME: events}


METRICS = _stream(message=INSTANCE_METRICS, **{"stream-reset": _RESET, "stream-end": _END})
EVENTS = _stream(**_CALLS, **_ALERTS, **{"stream-reset": _RESET, "stream-end": _END})
LIVE = _stream(
    **_CALLS,
    **_ALERTS,
    skipped=full(n={"type": "integer"}),
    metrics=INSTANCE_METRICS,
    flavors={"type": "object", "additionalProperties": INSTANCE_METRICS},
    models={"type": "object", "additionalProperties": {"type": "object"}},
    **{"stream-end": _END},
)
