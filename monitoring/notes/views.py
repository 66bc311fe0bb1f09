"""/api/model/NAME/notes: what the charts of a model say at which times."""

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from models_app.api import describing, needs, queries, request_bodies, schemas
from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.wire import managing
from monitoring.models import Note
from monitoring.notes.keeping import delete_note, notes_of, write_note
from web.dispatch import ThreadedViewSet

NOTE = schemas.full(
    id={"type": "integer"},
    time={"type": "number", "description": "Seconds since the epoch."},
    text={"type": "string"},
    author={"type": "string"},
)
NOTES = schemas.full(notes={"type": "array", "items": NOTE})
ID = queries.Whole(name="id", highest=2**63 - 1, default=0, description="of the note to delete")


class NotesViewSet(ThreadedViewSet):
    """Notes in the charts of a model."""

    @describing.operation(
        need=needs.LOOK_AT_ONE,
        operation_id="list_notes",
        summary="List the notes in a model's charts",
        responses={200: NOTES},
        refusals=[ModelNotFound],
    )
    @queries.takes()
    def retrieve(self, request: Request, name: str) -> Response:
        """List the notes of a model."""
        return Response({"notes": [_fields(note) for note in notes_of(name=name)]})

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="write_note",
        summary="Write a note into a model's charts",
        request=request_bodies.NOTE,
        responses={201: NOTE},
        refusals=[ModelNotFound],
    )
    @queries.takes()
    def create(self, request: Request, name: str) -> Response:
        """Write a note."""
        text, time = managing.note(request.body, timezone.now())
        return Response(_fields(write_note(name=name, text=text, time=time)), status=201)

    @describing.operation(
        need=needs.MANAGE_ONE,
        operation_id="delete_note",
        summary="Delete a note",
        responses={204: None},
        refusals=[ModelNotFound],
    )
    @queries.takes(ID.described)
    def destroy(self, request: Request, name: str) -> HttpResponse:
        """Delete a note."""
        note_id = ID.of(request)
        if not note_id:
            raise InvalidRequest({"id": ["required"]})
        delete_note(name=name, note_id=note_id)
        return HttpResponse(status=204)


def _fields(note: Note) -> dict[str, object]:
    return {"id": note.pk, "time": note.time.timestamp(), "text": note.text, "author": note.author}
