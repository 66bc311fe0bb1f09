"""Requests as bytes, built before the clock runs."""

from collections.abc import Sequence

from benchmarks.workloads import Sample, Workload

ID_DIGITS = 16
# Coprime to the modulus, so that no two numbers become the same id; and scattered, as drawn ids are.
_STEP = 6_180_339_887_498_949
NDJSON_CHUNK_BYTES = 64 * 1024


def prediction_id(number: int) -> bytes:
    """Return the id of a record: of one length, so that the length of a request does not vary.

    >>> prediction_id(1)
    b'6180339887498949'
    """
    return b"%016d" % (number * _STEP % 10**ID_DIGITS)


class Requests:
    """The requests of a workload, to the default model or to named ones in turn.

    The names are of one length, and so are the requests for a sample.
    """

    def __init__(self, workload: Workload, models: Sequence[str] = ()) -> None:
        self._models = [b',"model":"%s"' % name.encode() for name in models] or [b""]
        n_model = len(self._models[0])
        self._predict = [_by_id("/api/predict", _features(sample), n_model) for sample in workload.samples]
        self._learn = [_by_id("/api/learn", _truth(sample), 0) for sample in workload.samples]
        self._plain = [_plain("/api/predict", _features(sample), n_model) for sample in workload.samples]

    def predict(self, number: int) -> bytes:
        """Return the prediction of a record, by id."""
        head, tail = self._predict[number % len(self._predict)]
        return head + prediction_id(number) + tail + self._model(number) + b"}"

    def learn(self, number: int) -> bytes:
        """Return the learn of a record that was predicted."""
        head, tail = self._learn[number % len(self._learn)]
        return head + prediction_id(number) + tail + b"}"

    def predict_only(self, number: int) -> bytes:
        """Return a prediction whose ground truth will never come."""
        return self._plain[number % len(self._plain)] + self._model(number) + b"}"

    def _model(self, number: int) -> bytes:
        return self._models[number % len(self._models)]


def learn_object(sample: Sample) -> bytes:
    """Return a learn that brings its features."""
    return b'{"op":"learn"' + _features(sample) + _truth(sample) + b"}"


def learns(workload: Workload) -> list[bytes]:
    """Return a request for each sample to learn it, with its features."""
    bodies = [b"{" + _features(sample)[1:] + _truth(sample) + b"}" for sample in workload.samples]
    return [_head("/api/learn", len(body)) + body for body in bodies]


def pair_objects(sample: Sample, number: int) -> bytes:
    """Return a prediction by id and its learn, a line each."""
    name = b',"id":"' + prediction_id(number) + b'"'
    predict = b'{"op":"predict"' + name + _features(sample) + b"}\n"
    return predict + b'{"op":"learn"' + name + _truth(sample) + b"}\n"


def chunks(lines: bytes) -> list[bytes]:
    """Return a body as the chunks of a chunked request, its end included."""
    pieces = [lines[at : at + NDJSON_CHUNK_BYTES] for at in range(0, len(lines), NDJSON_CHUNK_BYTES)]
    return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]


def _features(sample: Sample) -> bytes:
    return b',"features":' + sample.json


def _truth(sample: Sample) -> bytes:
    return b',"ground_truth":' + sample.truth_json


def _by_id(path: str, rest: bytes, n_model: int) -> tuple[bytes, bytes]:
    """Return what comes before a request's id, and what comes between it and the model."""
    start, tail = b'{"id":"', b'"' + rest
    return _head(path, len(start) + ID_DIGITS + len(tail) + n_model + 1) + start, tail


def _plain(path: str, rest: bytes, n_model: int) -> bytes:
    """Return what comes before the model in a request without an id."""
    body = b"{" + rest[1:]
    return _head(path, len(body) + n_model + 1) + body


def _head(path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()
