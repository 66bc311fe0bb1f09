"""/api/model/NAME/mutes: which alerts of a model are sent nowhere, until when."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.wire import managing
from monitoring.alerting import mutes
from monitoring.alerting.kinds import KINDS
from monitoring.alerting.views import kind_of
from monitoring.models import AlertMute
from web.dispatch import ThreadedViewSet

MUTE = schemas.full(
    kind={"type": "string", "enum": list(KINDS)},
    until={"type": "number", "description": "Seconds since the epoch."},
    author={"type": "string"},
)
MUTES = schemas.full(mutes={"type": "array", "items": MUTE})


class MutesViewSet(ThreadedViewSet):
    """Mutes of a model's alerts."""

    @describing.operation(
        need=needs.LOOK_AT_ONE,
        operation_id="list_mutes",
        summary="List which alerts of a model are muted",
        responses={200: MUTES},
        refusals=[ModelNotFound],
    )
    @queries.takes()
    def retrieve(self, request: Request, name: str) -> Response:
        """List the mutes that hold."""
        found = mutes.mutes_of(name=name, now=timezone.now())
        return Response({"mutes": [_fields(each) for each in found]})

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="mute_alerts",
        summary="Mute a kind of alerts of a model for a time",
        request=request_bodies.MUTE,
        responses={201: MUTE},
        refusals=[ModelNotFound],
    )
    @queries.takes()
    def create(self, request: Request, name: str) -> Response:
        """Mute alerts."""
        kind, until = managing.mute(request.body, KINDS, timezone.now())
        return Response(_fields(mutes.mute(name=name, kind=kind, until=until)), status=201)

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="unmute_alerts",
        summary="Mute a kind of alerts no more",
        responses={204: None},
        refusals=[ModelNotFound],
    )
    @queries.takes(OpenApiParameter("kind", str, enum=list(KINDS), required=True, description="of alerts"))
    def destroy(self, request: Request, name: str) -> HttpResponse:
        """Send alerts of a kind again."""
        kind = kind_of(request.query_params.get("kind"))
        if kind is None:
            raise InvalidRequest({"kind": ["required"]})
        mutes.unmute(name=name, kind=kind)
        return HttpResponse(status=204)


def _fields(row: AlertMute) -> dict[str, object]:
    return {"kind": row.kind, "until": row.until.timestamp(), "author": row.author}
