"""/api/audit: who did what to which model."""

from typing import Any

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from models_app.api import describing, needs, queries, schemas
from models_app.models import AuditEntry
from models_app.services import auditing
from web.answers import JsonAnswer
from web.dispatch import ThreadedViewSet

# Ids of rows are 64 bits: all are below the one that is after none.
_HIGHEST = 2**63 - 1
LIMIT = queries.Whole(
    name="limit", highest=auditing.MAX_LIMIT, default=100, description="at most; 100 without it"
)
AFTER = queries.Whole(
    name="after",
    highest=_HIGHEST,
    default=_HIGHEST,
    description="the `next` of the answer before: the next page",
)


class AuditViewSet(ThreadedViewSet):
    """The audit trail."""

    @describing.operation(
        need=needs.MANAGE_ALL,
        operation_id="list_audit",
        summary="List who did what, the newest first",
        responses={200: schemas.AUDIT},
    )
    @queries.takes(
        OpenApiParameter("model", str, description="of this name alone"),
        OpenApiParameter("action", str, description="such as `upload`"),
        OpenApiParameter("since", str, description="ISO 8601, or seconds since the epoch"),
        OpenApiParameter("until", str, description="the same; what was done at that moment is left out"),
        LIMIT.described,
        AFTER.described,
    )
    def retrieve(self, request: Request) -> HttpResponse:
        """List entries."""
        page = auditing.entries(
            model=request.query_params.get("model"),
            action=request.query_params.get("action"),
            since=queries.moment(request, "since"),
            until=queries.moment(request, "until"),
            limit=LIMIT.of(request),
            before=AFTER.of(request),
        )
        answer = {"entries": [_shown(entry) for entry in page.entries], "next": page.next_place}
        return JsonAnswer(msgspec.json.encode(answer))


def _shown(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "acted_at": entry.acted_at.timestamp(),
        "actor": entry.actor,
        "origin": entry.origin,
        "action": entry.action,
        "model": entry.model,
        "digest": entry.digest,
        "details": entry.details,
    }
