"""/api/model/NAME/snapshots, /rollback, /default, /release: a model kept, taken back, chosen, released."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.domain.errors import ModelNotFound, ModelNotLoadable, SnapshotNotFound
from models_app.models import Snapshot
from models_app.services import rolling_back, snapshotting, uploading
from models_app.services.quarantine import releasing
from models_app.wire import managing
from web.dispatch import ThreadedViewSet

_SEQ = {"type": "integer", "description": "The learns that it has."}
_GENERATION = {"type": "integer"}
_SNAPSHOT = schemas.full(
    seq=_SEQ,
    generation=_GENERATION,
    taken_at={"type": "number", "description": "Seconds since the epoch."},
    size_bytes={"type": "integer"},
    metrics=schemas.METRICS,
)
SNAPSHOTS = schemas.full(snapshots={"type": "array", "items": _SNAPSHOT})
TAKEN = schemas.full(seq=_SEQ)
ROLLED_BACK = schemas.full(
    generation={**_GENERATION, "description": "The model goes on from here,"},
    seq={"type": "integer", "description": "after this learn."},
    from_generation={**_GENERATION, "description": "That of the snapshot."},
    left_generation={**_GENERATION, "description": "It was here,"},
    left_seq={"type": "integer", "description": "after this learn."},
)


class SnapshotsViewSet(ThreadedViewSet):
    """A model's snapshots."""

    @describing.operation(
        need=needs.LOOK_AT_ONE,
        operation_id="list_snapshots",
        summary="List a model's snapshots, the newest first",
        responses={200: SNAPSHOTS},
        refusals=[ModelNotFound],
    )
    @queries.takes()
    def retrieve(self, request: Request, name: str) -> Response:
        """List the snapshots that a model can go back to."""
        kept = rolling_back.snapshots_to_go_back_to(name=name)
        return Response({"snapshots": [_fields(snapshot) for snapshot in kept]})

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="take_snapshot",
        summary="Take a snapshot of a model",
        description="Where the newest has all that it has learned, nothing is written.",
        request=None,
        responses={200: TAKEN},
        refusals=[ModelNotFound, ModelNotLoadable],
    )
    @queries.takes()
    def create(self, request: Request, name: str) -> Response:
        """Write down what the model has learned."""
        return Response({"seq": snapshotting.take_snapshot(name=name)})


class RollbackViewSet(ThreadedViewSet):
    """Going back to a snapshot."""

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="roll_back",
        summary="Let a model be what it was at a snapshot",
        description="It goes on from there in a generation of its own. Its journal and its snapshots stay.",
        request=request_bodies.ROLLBACK,
        responses={200: ROLLED_BACK},
        refusals=[ModelNotFound, ModelNotLoadable, SnapshotNotFound],
    )
    @queries.takes()
    def create(self, request: Request, name: str) -> Response:
        """Go back to a snapshot."""
        seq, generation = managing.rollback(request.body)
        done = rolling_back.roll_back(name=name, seq=seq, generation=generation, now=timezone.now())
        return Response(
            {
                "generation": done.generation,
                "seq": done.seq,
                "from_generation": done.from_generation,
                "left_generation": done.left_generation,
                "left_seq": done.left_seq,
            }
        )


class DefaultViewSet(ThreadedViewSet):
    """The model that is meant where none is named."""

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="make_default",
        summary="Make a model the default",
        description="Requests that name no model go to it.",
        request=None,
        responses={204: None},
        refusals=[ModelNotFound],
    )
    @queries.takes()
    def create(self, request: Request, name: str) -> HttpResponse:
        """Let requests that name no model go to this one."""
        uploading.make_default(name=name)
        return HttpResponse(status=204)


class ReleaseViewSet(ThreadedViewSet):
    """A model's release from quarantine."""

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="release_model",
        summary="Have a model loaded again that has ended the process that serves it",
        description="It has no blame left: it takes as many ends of its process as at first until it is "
        "set aside again.",
        request=None,
        responses={200: schemas.RELEASED},
        refusals=[ModelNotFound],
    )
    @queries.takes()
    def create(self, request: Request, name: str) -> Response:
        """Release the model."""
        return Response({"was_quarantined": releasing.release(name=name)})


def _fields(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "seq": snapshot.seq,
        "generation": snapshot.generation,
        "taken_at": snapshot.taken_at.timestamp(),
        "size_bytes": snapshot.size_bytes,
        "metrics": snapshot.metric_values,
    }
