"""/api/model/NAME/records: the journal of a model, to look things up in."""

from typing import Any

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from models_app.api import describing, needs, queries, schemas
from models_app.domain import predictions
from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.services import browsing
from models_app.services.browsing import Kept, Page, Record
from web.answers import JsonAnswer
from web.dispatch import ThreadedViewSet

_HIGHEST = 2**63 - 1
LIMIT = queries.Whole(
    name="limit", highest=browsing.MAX_LIMIT, default=100, description="at most; 100 without it"
)
SEQ = queries.Whole(
    name="seq", highest=_HIGHEST, default=0, description="the records that are this learn, one a generation"
)


class RecordsViewSet(ThreadedViewSet):
    """The records of a model."""

    @describing.operation(
        need=needs.LOOK_AT_ONE,
        operation_id="list_records",
        summary="List the records of a model's journal, the newest first",
        description="All of them, or those of a prediction's id, of a learn, or up to a time. A record has "
        "the nearest snapshots before and after it. What awaits its ground truth is found by its id.",
        responses={200: schemas.RECORDS},
        refusals=[ModelNotFound],
    )
    @queries.takes(
        OpenApiParameter("id", str, description="of a prediction; a page may be empty and have a `next`"),
        SEQ.described,
        OpenApiParameter("until", str, description="learned by then: ISO 8601, or seconds since the epoch"),
        LIMIT.described,
        OpenApiParameter("before", str, description="the `next` of the answer before: the next page"),
    )
    def retrieve(self, request: Request, name: str) -> HttpResponse:
        """List records."""
        page = asked_for(request, name=name, limit=LIMIT.of(request))
        answer = {"model": name, "records": [_fields(each) for each in page.records], "next": page.next_place}
        return JsonAnswer(msgspec.json.encode(answer))


def asked_for(request: Request, *, name: str, limit: int) -> Page:
    """Return the records that the address of a request asks for; raises `InvalidRequest`, `ModelNotFound`."""
    given = request.query_params
    chosen = [each for each in ("id", "seq", "until") if given.get(each) is not None]
    if len(chosen) > 1:
        raise InvalidRequest({chosen[1]: [f"not with '{chosen[0]}'"]})
    before = given.get("before")
    if chosen == ["id"]:
        return browsing.of_id(name=name, prediction_id=given["id"], limit=limit, before=before)
    if chosen == ["seq"]:
        return browsing.of_seq(name=name, seq=SEQ.of(request))
    return browsing.newest(name=name, limit=limit, before=before, until=queries.moment(request, "until"))


def _fields(record: Record) -> dict[str, Any]:
    return {
        "id": record.prediction_id,
        "generation": record.generation,
        "seq": record.seq,
        "features": msgspec.Raw(record.features.encode()),
        "prediction": predictions.to_json(record.prediction),
        "ground_truth": record.ground_truth,
        "predicted_at": record.predicted_at,
        "learned_at": record.learned_at,
        "snapshot_before": _snapshot(record.before),
        "snapshot_after": _snapshot(record.after),
    }


def _snapshot(kept: Kept | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    return {"generation": kept.generation, "seq": kept.seq, "taken_at": kept.taken_at.timestamp()}
