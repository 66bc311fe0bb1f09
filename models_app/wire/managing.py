"""What a client wants done with a model as a whole."""

from collections.abc import Collection
from datetime import UTC, datetime

from msgspec import UNSET

from models_app.domain.errors import InvalidRequest
from models_app.domain.names import MAX_NOTE_LENGTH
from models_app.domain.texts import is_well_formed
from models_app.wire.bodies import BodyReader
from models_app.wire.requests import AcknowledgeRequest, MuteRequest, NoteRequest, RollbackRequest

_rollback_reader: BodyReader[RollbackRequest, RollbackRequest] = BodyReader(RollbackRequest)
_note_reader: BodyReader[NoteRequest, NoteRequest] = BodyReader(NoteRequest)
_acknowledge_reader: BodyReader[AcknowledgeRequest, AcknowledgeRequest] = BodyReader(AcknowledgeRequest)
_mute_reader: BodyReader[MuteRequest, MuteRequest] = BodyReader(MuteRequest)
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


def acknowledgement(body: bytes) -> str:
    """Return what somebody says of an alert, empty for nothing; raises `InvalidRequest`."""
    note = _acknowledge_reader.read(body).note
    text = "" if note is UNSET else note.strip()
    if len(text) > MAX_NOTE_LENGTH or "\0" in text or not is_well_formed(text):
        raise InvalidRequest({"note": [f"must have {MAX_NOTE_LENGTH} characters at the most"]})
    return text


def mute(body: bytes, kinds: Collection[str], now: datetime) -> tuple[str, datetime]:
    """Return which kind of alerts is to be muted, and until when; raises `InvalidRequest`."""
    read = _mute_reader.read(body)
    if read.kind not in kinds:
        raise InvalidRequest({"kind": [f"must be one of {', '.join(kinds)}"]})
    if read.until is UNSET and read.seconds is UNSET:
        raise InvalidRequest({"seconds": ["required, or 'until' in its place"]})
    if read.until is not UNSET and read.seconds is not UNSET:
        raise InvalidRequest({"seconds": ["not with 'until'"]})
    name = "until" if read.seconds is UNSET else "seconds"
    at = now.timestamp() if read.seconds is UNSET else now.timestamp() + read.seconds
    if read.until is not UNSET:
        at = read.until
    try:
        until = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        until = now
    if until <= now:
        raise InvalidRequest({name: ["must be a time to come"]})
    return read.kind, until
