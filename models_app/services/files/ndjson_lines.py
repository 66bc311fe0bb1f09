"""NDJSON: a JSON object a line, either as the API takes it or flat."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec import UNSET, Raw

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.services.files.layouts import BadLine, FileRecord, Layout, ground_truth
from models_app.services.files.sources import Source, Unreadable
from models_app.wire import fields
from models_app.wire.asking import members_of
from models_app.wire.bodies import UNREADABLE
from models_app.wire.requests import LearnLine, PredictLine


def ndjson_records(source: Source, layout: Layout) -> Iterator[FileRecord | BadLine]:
    """Yield what stands in each line that is not blank."""
    to_record = _flat_object(layout) if layout.is_flat else _api_object(layout)
    while True:
        try:
            line = next(source)
            if not line.isspace():
                yield to_record(source.line, line)
        except StopIteration:
            return
        except Unreadable as error:
            yield BadLine(line=source.line, error=InvalidRequest(str(error)), ends_file=True)
            return
        except ChantillyError as refusal:
            yield BadLine(line=source.line, error=refusal)
        except UNREADABLE as error:
            yield BadLine(line=source.line, error=InvalidRequest(f"{error}."))


_id_decoder = msgspec.json.Decoder(fields.Id)
_object_decoder = msgspec.json.Decoder(dict[str, Raw])
_encoder = msgspec.json.Encoder()


def _api_object(layout: Layout) -> Callable[[int, bytes], FileRecord]:
    learn_decoder = msgspec.json.Decoder(LearnLine)
    predict_decoder = msgspec.json.Decoder(PredictLine)

    def learn_record(line: int, text: bytes) -> FileRecord:
        read = learn_decoder.decode(text)
        return FileRecord(
            line=line,
            features=None if read.features is UNSET else bytes(read.features),
            members=members_of(read),
            ground_truth=None if read.ground_truth is UNSET else read.ground_truth,
            model=None if read.model is UNSET else read.model,
        )

    def predict_record(line: int, text: bytes) -> FileRecord:
        read = predict_decoder.decode(text)
        return FileRecord(
            line=line,
            features=None if read.features is UNSET else bytes(read.features),
            members=members_of(read),
            prediction_id=None if read.id is UNSET else read.id,
            model=None if read.model is UNSET else read.model,
        )

    return learn_record if layout.has_ground_truth else predict_record


def _flat_object(layout: Layout) -> Callable[[int, bytes], FileRecord]:
    def record(line: int, text: bytes) -> FileRecord:
        values = _object_decoder.decode(text)
        for name in layout.ignored:
            values.pop(name, None)
        for name in layout.strings & values.keys():
            values[name] = _as_string(values[name])
        truths = {name: ground_truth(text) for name, text in _taken(values, layout.targets).items()}
        if layout.targets and not truths and not layout.may_lack_truth:
            raise _missing(layout.targets[0])
        prediction_id = _id(values, layout.id_column)
        members = _taken(values, layout.members.values()) if layout.members else None
        # A line of members alone has no features.
        features = _encoder.encode(values) if values or members is None else None
        return FileRecord(
            line=line,
            features=features,
            members=None if members is None else layout.asked_with(features, members),
            ground_truth=layout.as_truth(truths) if layout.has_ground_truth else None,
            prediction_id=prediction_id,
        )

    return record


def _id(values: dict[str, Raw], column: str | None) -> int | str | None:
    if column is None:
        return None
    found = _taken(values, (column,))
    if not found:
        raise _missing(column)
    prediction_id: int | str = _id_decoder.decode(found[column])
    return prediction_id


def _taken(values: dict[str, Raw], names: Iterable[str]) -> dict[str, bytes]:
    """Take out of a line what stands under names; null is nothing."""
    found = {name: bytes(values.pop(name)) for name in names if name in values}
    return {name: text for name, text in found.items() if text != b"null"}


def _missing(name: str) -> InvalidRequest:
    return InvalidRequest({name: ["required field"]})


def _as_string(value: Raw) -> Raw:
    text = bytes(value)
    return value if text.startswith(b'"') else Raw(_encoder.encode(text.decode()))
