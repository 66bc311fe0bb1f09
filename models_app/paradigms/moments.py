"""Moments that come with requests: what is observed at a time of its own says when."""

from datetime import UTC, datetime

from models_app.paradigms.base import Member

MOMENT = Member(
    schema={"oneOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]},
    description="When it was observed, for models that go by time; a number for those that count it so.",
)


def moment(text: str) -> datetime:
    """Return the moment that a text in ISO 8601 says, without a zone, as River's windows in time need it.

    One with a zone is given in UTC. Raises `ValueError`, `OverflowError`.

    >>> moment("2026-03-01T12:30:00")
    datetime.datetime(2026, 3, 1, 12, 30)
    >>> moment("2026-03-01T12:30:00+02:00") == moment("2026-03-01T10:30:00Z")
    True
    """
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)


def fault(value: object) -> str | None:
    """Return why a value is no moment, or None."""
    try:
        if isinstance(value, str):
            moment(value)
            return None
    except (ValueError, OverflowError):
        pass
    return "must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z"
