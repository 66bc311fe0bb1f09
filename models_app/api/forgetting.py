"""/api/model/NAME/forget: a model without some of its records."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.api.upload_threads import in_upload_threads
from models_app.domain import errors
from models_app.services import forgetting
from models_app.wire.forgetting import mention

_COUNT = {"type": "integer"}
FORGOTTEN = schemas.record(
    ["records", "pending"],
    records={**_COUNT, "description": "Of the journal, earlier generations included."},
    pending=_COUNT,
    generation={**_COUNT, "description": "The model goes on from here,"},
    seq={**_COUNT, "description": "after this learn of it."},
    left_generation={**_COUNT, "description": "It was here; the same where it had learned nothing of it,"},
    left_seq={**_COUNT, "description": "after this learn."},
    receipt={"type": "string", "description": "An HMAC of what was asked for, as the audit trail has it."},
    traces={
        "type": "boolean",
        "description": "Whether unused parts of the database's file may still hold some of it.",
    },
)


class ForgetViewSet(ViewSet):
    """Forgetting."""

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Return a view that waits with the uploads: it may take as long."""
        return in_upload_threads(super().as_view(actions, **initkwargs))

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="forget",
        summary="Forget the records of an id or with a feature's value",
        description="They are taken out of the journal and out of what is pending, and the model is made "
        "what it would be had it never had them. It goes on in a generation of its own.",
        request=request_bodies.FORGET,
        responses={200: FORGOTTEN},
        refusals=[
            errors.ModelNotFound,
            errors.ModelNotLoadable,
            errors.ModelQuarantined,
            errors.NotReplayable,
            errors.UploadsBusy,
        ],
    )
    @queries.takes(
        OpenApiParameter("dry_run", bool, description="only count what there is, and change nothing"),
        OpenApiParameter(
            "rewrite",
            bool,
            description="make the database's file anew, however large it is: nobody can write meanwhile",
        ),
    )
    def create(self, request: Request, name: str) -> Response:
        """Forget what the body says."""
        wanted = mention(request.body)
        if queries.flag(request, "dry_run"):
            found = forgetting.find_mentions(name=name, mention=wanted)
            return Response({"records": found.n_records, "pending": found.n_pending})
        rewrites = queries.flag(request, "rewrite")
        done = forgetting.forget(name=name, mention=wanted, now=timezone.now(), rewrites=rewrites)
        return Response(
            {
                "records": done.n_records,
                "pending": done.n_pending,
                "generation": done.generation,
                "seq": done.seq,
                "left_generation": done.left_generation,
                "left_seq": done.left_seq,
                "receipt": done.receipt,
                "traces": done.has_traces,
            }
        )
