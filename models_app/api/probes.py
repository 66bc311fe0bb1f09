"""/healthz and /readyz, for who starts, watches and balances servers."""

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, schemas
from models_app.services import health
from web.answers import JsonAnswer
from web.dispatch import AsyncViewSet, ThreadedViewSet
from web.needs import OPEN


class HealthViewSet(AsyncViewSet):
    """The process is up."""

    @describing.operation(
        need=OPEN, operation_id="healthz", summary="Is the process up?", responses={200: schemas.HEALTH}
    )
    async def retrieve(self, request: HttpRequest) -> HttpResponse:
        """Answer from the event loop: it turns."""
        return JsonAnswer(b'{"status":"up"}')


class ReadinessViewSet(ThreadedViewSet):
    """The server can do its work."""

    @describing.operation(
        need=OPEN,
        operation_id="readyz",
        summary="Can requests be served?",
        description="The database is writable, the migrations are applied and the engine runs. `warnings` "
        "are there where something else is not as it should be.",
        responses={200: schemas.READINESS},
    )
    def retrieve(self, request: Request) -> Response:
        """Check the database and the engine."""
        warnings = health.check_ready()
        return Response({"status": "ready"} | ({"warnings": warnings} if warnings else {}))
