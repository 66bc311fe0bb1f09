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

DEFAULT_LIMIT = 100
# Ids of rows are 64 bits.
_HIGHEST = 2**63 - 1


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
        OpenApiParameter("limit", int, description=f"at most; {DEFAULT_LIMIT} without it"),
        OpenApiParameter("after", int, description="the `next` of the answer before: the next page"),
    )
    def retrieve(self, request: Request) -> HttpResponse:
        """List entries."""
        after = queries.whole(request, "after", default=0, lowest=0, highest=_HIGHEST)
        page = auditing.entries(
            model=request.query_params.get("model"),
            action=request.query_params.get("action"),
            since=queries.moment(request, "since"),
            until=queries.moment(request, "until"),
            limit=queries.whole(
                request, "limit", default=DEFAULT_LIMIT, lowest=1, highest=auditing.MAX_LIMIT
            ),
            before=after or None,
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
