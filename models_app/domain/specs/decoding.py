"""JSON, more strictly than Python reads it: no member twice, no number that is none."""

import json
from typing import NoReturn

from models_app.domain.errors import InvalidSpec
from models_app.domain.specs import bounds

#: The place of a fault of the whole.
WHOLE = "specification"
TOO_DEEP = f"must not be nested deeper than {bounds.MAX_DEPTH} levels"


class _Twice(Exception):
    """A member that an object has twice."""


def decoded(text: bytes) -> object:
    """Return the value of a JSON text without members that come twice; raises `InvalidSpec`."""
    if len(text) > bounds.MAX_BYTES:
        raise InvalidSpec({WHOLE: [f"must have at most {bounds.MAX_BYTES // 1024:,} KiB"]})
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except _Twice as error:
        raise InvalidSpec({WHOLE: [f"an object has the member {str(error)!r} twice"]}) from None
    except RecursionError:
        raise InvalidSpec({WHOLE: [TOO_DEEP]}) from None
    except ValueError as error:
        raise InvalidSpec({WHOLE: [f"is no JSON: {error}"]}) from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, and {name} is not")
