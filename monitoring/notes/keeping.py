"""Writing notes, reading them, and taking them away."""

from datetime import datetime

from models_app.domain.actors import current_actor
from models_app.domain.errors import InvalidRequest
from models_app.domain.texts import sendable
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import auditing
from models_app.services.finding import find, find_row
from monitoring.models import Note

#: Of one model, the newest: as many as a chart can show.
MOST = 500
_MAX_AUTHOR = 200


def notes_of(*, name: str) -> list[Note]:
    """Return the newest notes of a model, in the order of their times.

    Raises `ModelNotFound`, `StorageUnavailable`.
    """
    model = find(name)
    with translated_errors():
        return list(Note.objects.filter(model_id=model.pk).order_by("-time", "-pk")[:MOST])[::-1]


def write_note(*, name: str, text: str, time: datetime) -> Note:
    """Write a note at a time; raises `InvalidRequest`, `ModelNotFound`, `StorageUnavailable`."""
    find(name)
    with write_transaction():
        model = find_row(name)
        if Note.objects.filter(model_id=model.pk).count() >= MOST:
            raise InvalidRequest({"text": [f"a model has {MOST} notes at most: delete one first"]})
        note = Note.objects.create(
            model_id=model.pk, time=time, text=text, author=sendable(current_actor().name, _MAX_AUTHOR)
        )
        auditing.record(action="write_note", model=name, id=note.pk)
        return note


def erase() -> None:
    """Delete all notes, in the transaction that erases everything."""
    Note.objects.all().delete()


def delete_note(*, name: str, note_id: int) -> None:
    """Delete a note; one that is gone is no error. Raises `ModelNotFound`, `StorageUnavailable`."""
    find(name)
    with write_transaction():
        n, _ = Note.objects.filter(model_id=find_row(name).pk, pk=note_id).delete()
        if n:
            auditing.record(action="delete_note", model=name, id=note_id)
