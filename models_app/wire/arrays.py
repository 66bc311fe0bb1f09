"""Many records in one text: a JSON array of them."""

import msgspec
from msgspec import Raw

from models_app.domain.errors import InvalidRequest
from models_app.wire.bodies import UNREADABLE

_decoder = msgspec.json.Decoder(list[Raw])


def is_array(text: bytes) -> bool:
    """Say whether a text begins as an array does.

    >>> is_array(b"[{}]"), is_array(b" [1"), is_array(b"{}")
    (True, True, False)
    """
    # The first byte decides, mostly.
    return text[:1] == b"[" or (text[:1].isspace() and text.lstrip()[:1] == b"[")


def items(text: bytes) -> list[Raw]:
    """Return the items of an array, undecoded; raises `InvalidRequest`.

    >>> [bytes(item) for item in items(b'[{"a": 1}, 5 ,[]]')]
    [b'{"a": 1}', b'5', b'[]']
    """
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    except UNREADABLE as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None
