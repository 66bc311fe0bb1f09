"""/api/labels: which ground truths are worth asking for."""

import csv
import io
from typing import Any

import msgspec
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from models_app.api import describing, needs, queries, schemas
from models_app.domain import features, predictions
from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.services.least_certain import LOOKED_AT, MAX_LIMIT, Queue, Uncertain, least_certain
from web.answers import JsonAnswer
from web.dispatch import ThreadedViewSet

DEFAULT_LIMIT = 100
LIMIT = queries.Whole(
    name="limit",
    highest=MAX_LIMIT,
    default=DEFAULT_LIMIT,
    description=f"at most; {DEFAULT_LIMIT} without it",
)
FORMATS = ("json", "csv")
#: What the columns of features begin with, so that none is taken for one of the others.
FEATURE = "features."


class LabelsViewSet(ThreadedViewSet):
    """Pending predictions, the least certain first."""

    @describing.operation(
        need=needs.LOOK_AT_NAMED,
        operation_id="list_labels",
        summary="List pending predictions, the least certain first",
        description=f"Of a classifier with probabilities: of the {LOOKED_AT:,} newest that it has pending. "
        "The uncertainty is the entropy of the probabilities, from 0 to 1.",
        responses={(200, "application/json"): schemas.LABELS, (200, "text/csv"): str},
        refusals=[ModelNotFound],
    )
    @queries.takes(
        OpenApiParameter("model", str, required=True, description="its name"),
        LIMIT.described,
        OpenApiParameter("after", str, description="the `next` of the answer before: the next page"),
        OpenApiParameter("format", str, enum=list(FORMATS), description="JSON without it"),
    )
    def retrieve(self, request: Request) -> HttpResponse:
        """List pending predictions."""
        model, wanted = request.query_params.get("model"), request.query_params.get("format", FORMATS[0])
        if model is None:
            raise InvalidRequest({"model": ["required parameter"]})
        if wanted not in FORMATS:
            raise InvalidRequest({"format": [f"must be one of {', '.join(map(repr, FORMATS))}"]})
        limit = LIMIT.of(request)
        queue = least_certain(model=model, limit=limit, after=request.query_params.get("after"))
        return _as_json(model, queue) if wanted == "json" else _as_csv(model, queue)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """Negotiate nothing: `format` is ours."""
        return JSONRenderer(), JSONRenderer.media_type


def _as_json(model: str, queue: Queue) -> HttpResponse:
    answer = {
        "model": model,
        "labels": [
            {
                "id": row.prediction_id,
                "features": msgspec.Raw(row.features.encode()),
                "prediction": predictions.to_json(row.prediction),
                "uncertainty": row.uncertainty,
                "predicted_at": row.predicted_at.timestamp(),
            }
            for row in queue.rows
        ],
        "next": queue.next_place,
        "looked_at": queue.n_looked_at,
    }
    return JsonAnswer(msgspec.json.encode(answer))


def _as_csv(model: str, queue: Queue) -> HttpResponse:
    """Return a table with a column for each feature that any of the rows has."""
    rows = [_cells(row) for row in queue.rows]
    names = dict.fromkeys(["id", "uncertainty", "predicted_at", "prediction"])
    names |= dict.fromkeys(name for row in rows for name in row)
    text = io.StringIO()
    table = csv.DictWriter(text, names)
    table.writeheader()
    table.writerows(rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = str(content_disposition_header(True, f"{model}.csv"))
    return response


def _cells(row: Uncertain) -> dict[str, object]:
    x: Any = features.decode(row.features)
    named = x.items() if isinstance(x, dict) else ()
    columns = {f"{FEATURE}{name}": value for name, value in named} or {"features": x}
    return {
        "id": row.prediction_id,
        "uncertainty": row.uncertainty,
        "predicted_at": row.predicted_at.isoformat(),
        "prediction": msgspec.json.encode(predictions.to_json(row.prediction)).decode(),
        **{name: _cell(value) for name, value in columns.items()},
    }


def _cell(value: object) -> object:
    """Return a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
