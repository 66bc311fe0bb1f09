"""What a client wants done with a model as a whole."""

from datetime import UTC, datetime

from msgspec import UNSET

from models_app.domain.errors import InvalidRequest
from models_app.domain.names import MAX_NOTE_LENGTH
from models_app.domain.texts import is_well_formed
from models_app.wire.bodies import BodyReader
from models_app.wire.requests import NoteRequest, RollbackRequest

_rollback_reader: BodyReader[RollbackRequest, RollbackRequest] = BodyReader(RollbackRequest)
_note_reader: BodyReader[NoteRequest, NoteRequest] = BodyReader(NoteRequest)
# More than the database has.
_TOO_LARGE = 2**63


def rollback(body: bytes) -> tuple[int, int | None]:
    """Return seq and generation, if that is given, of the snapshot to go back to; raises `InvalidRequest`."""
    read = _rollback_reader.read(body)
    generation = None if read.generation is UNSET else read.generation
    for name, value in (("seq", read.seq), ("generation", generation)):
        if value is not None and not 0 <= value < _TOO_LARGE:
            raise InvalidRequest({name: ["must be a number that a snapshot can have"]})
    return read.seq, generation


def note(body: bytes, now: datetime) -> tuple[str, datetime]:
    """Return text and time of a note; raises `InvalidRequest`."""
    read = _note_reader.read(body)
    text = read.text.strip()
    if not text or len(text) > MAX_NOTE_LENGTH or "\0" in text or not is_well_formed(text):
        raise InvalidRequest({"text": [f"must have from 1 to {MAX_NOTE_LENGTH} characters"]})
    if read.time is UNSET:
        return text, now
    try:
        return text, datetime.fromtimestamp(read.time, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidRequest({"time": ["must be a time, in seconds since the epoch"]}) from None
