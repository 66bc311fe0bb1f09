"""What a client wants forgotten."""

from msgspec import UNSET

from models_app.domain import names
from models_app.domain.errors import InvalidRequest
from models_app.domain.mentions import Mention, OfFeature, OfId
from models_app.wire.bodies import BodyReader
from models_app.wire.requests import ForgetRequest

_reader: BodyReader[ForgetRequest, ForgetRequest] = BodyReader(ForgetRequest)


def mention(body: bytes) -> Mention:
    """Return what the body of a request wants forgotten; raises `InvalidRequest`."""
    read = _reader.read(body)
    if read.feature is UNSET:
        if read.id is UNSET:
            raise InvalidRequest({"id": ["required field, where there is no 'feature'"]})
        return OfId(names.prediction_id(read.id))
    if read.id is not UNSET:
        raise InvalidRequest({"feature": ["not with 'id': one at a time"]})
    if len(read.feature) != 1:
        raise InvalidRequest({"feature": [f"must have one name, not {len(read.feature)}"]})
    [(name, value)] = read.feature.items()
    return OfFeature(name, [value])
