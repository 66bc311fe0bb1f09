"""What stands after the question mark of an address."""

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from models_app.domain.errors import InvalidRequest


def only(request: Request, *names: str) -> None:
    """Refuse parameters other than these by name; raises `InvalidRequest`."""
    unknown = [name for name in request.query_params if name not in names]
    if unknown:
        raise InvalidRequest({name: ["unknown parameter"] for name in unknown})


def flag(request: Request, name: str) -> bool:
    """Return a parameter that is `true` or `false`, the latter without it; raises `InvalidRequest`."""
    value = request.query_params.get(name, "false")
    if value not in {"true", "false"}:
        raise InvalidRequest({name: ["must be 'true' or 'false'"]})
    return value == "true"


def whole(request: Request, name: str, *, default: int, lowest: int, highest: int) -> int:
    """Return a whole number within its limits; raises `InvalidRequest`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    # More digits than that are out of every range, and slow to read.
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    if value is None or not lowest <= value <= highest:
        raise InvalidRequest({name: [f"must be a whole number from {lowest:,} to {highest:,}"]})
    return value


def moment(request: Request, name: str) -> datetime | None:
    """Return a time, given as ISO 8601 or in seconds since the epoch; raises `InvalidRequest`.

    Without a time zone it is in UTC. None: it is not given.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    found = _from_seconds(text)
    if found is None:
        found = _from_iso(text)
    if found is None:
        raise InvalidRequest({name: ["must be a time: ISO 8601, or seconds since the epoch"]})
    return found


def _from_seconds(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_iso(text: str) -> datetime | None:
    try:
        # In an address a plus sign is a space.
        found = parse_datetime(text.replace(" ", "+"))
        if found is None or found.tzinfo is None:
            return found and found.replace(tzinfo=UTC)
        # Beyond the first and the last year there is no time in UTC.
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
