"""What a model is asked with, taken from a request: features alone, or an object of several members."""

import msgspec
from msgspec import UNSET, Raw

from models_app.domain import features
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.paradigms.registry import MEMBERS
from models_app.wire.requests import Asked

_FEATURES = "features"
_NAMES = (_FEATURES, *MEMBERS)


def members_of(read: msgspec.Struct) -> dict[str, object] | None:
    """Return the members that a request has, not decoded; None where it has features or nothing."""
    if not isinstance(read, Asked):
        return None
    found = {name: value for name in _NAMES if (value := getattr(read, name)) is not UNSET}
    return found if any(name != _FEATURES for name in found) else None


def asked_with(members: dict[str, object]) -> tuple[bytes, Features]:
    """Return an object of members as JSON text, and decoded; raises `InvalidRequest`.

    >>> asked_with({"features": Raw(b'{"a": 1}'), "horizon": 3})
    (b'{"features":{"a": 1},"horizon":3}', {'features': {'a': 1}, 'horizon': 3})
    """
    raw = members.get(_FEATURES)
    if isinstance(raw, Raw):
        # What is wrong with the features is said of these.
        features.read(bytes(raw))
    text = msgspec.json.encode(members)
    try:
        return text, features.read(text)
    except InvalidRequest as refusal:
        # Not of the features.
        said = refusal.message
        reasons = next(iter(said.values())) if not isinstance(said, str) else [said]
        raise InvalidRequest(" ".join(reasons)) from None
