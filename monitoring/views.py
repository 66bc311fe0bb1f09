"""The statistics of the calls, for clients."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import schemas
from models_app.api.dispatch import ThreadedViewSet
from models_app.services.configuring import get_flavor
from monitoring.statistics import ROUTES, recorder

_NANOSECONDS = {"type": "integer", "description": "Nanoseconds."}
_ROUTE: schemas.Schema = {
    "type": "object",
    "properties": {
        "n_calls": {"type": "integer"},
        "mean_duration": _NANOSECONDS,
        "mean_duration_human": {"type": "string"},
        "ewm_duration": _NANOSECONDS,
        "ewm_duration_human": {"type": "string"},
    },
}
STATISTICS: schemas.Schema = {"type": "object", "properties": dict.fromkeys(ROUTES, _ROUTE)}


class StatisticsViewSet(ThreadedViewSet):
    """The calls of predict and learn since `init`, those that were refused too."""

    @extend_schema(
        operation_id="stats",
        summary="Tell how many calls there were and how long they took",
        description="The mean, and an exponentially weighted mean with a fading factor of 0.3.",
        responses={200: STATISTICS, 400: schemas.ERROR, 503: schemas.ERROR},
    )
    def retrieve(self, request: Request) -> Response:
        """Tell the number of calls and their durations, by route."""
        # Before there is a flavor there is nothing to count: refused.
        get_flavor()
        return Response(recorder.report())
