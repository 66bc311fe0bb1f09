"""Layouts of files: where in a line the parts of a record are."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.domain.scoring import GroundTruth
from models_app.wire import fields


class Format(StrEnum):
    """The format of a file's lines."""

    CSV = "csv"
    NDJSON = "ndjson"


_FORMAT_BY_SUFFIX = {".csv": Format.CSV, ".ndjson": Format.NDJSON, ".jsonl": Format.NDJSON}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A layout: where in a line the parts of a record are.

    Flat lines (every CSV row, and NDJSON objects where `is_flat`) have a feature in each column but `target`
    (the ground truth), `id_column` and the `ignored` ones. Other NDJSON lines are what the API takes: to
    learn from where `has_ground_truth`, else to predict from. What stands in the columns `strings` is a
    string, whatever it looks like.

    Of CSV: by what values are kept apart, what stands before a number's decimals (None: both are guessed) and
    between its thousands, and which values are `missing`.
    """

    format: Format
    is_flat: bool = True
    has_ground_truth: bool = False
    target: str | None = None
    id_column: str | None = None
    strings: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing: frozenset[str] = frozenset()


class FileRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One record of a file. `features` is JSON text; `line` is that of its beginning, counted from 1.

    `members`: all that a model is asked with, where that is not just features.
    """

    line: int
    features: bytes | None
    members: dict[str, object] | None = None
    ground_truth: GroundTruth | None = None
    prediction_id: int | str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that is no record; where it `ends_file`, nothing after it can be read."""

    line: int
    error: ChantillyError
    ends_file: bool = False


_ground_truth_decoder: msgspec.json.Decoder[GroundTruth] = msgspec.json.Decoder(fields.GroundTruth)


def ground_truth(text: bytes | None) -> GroundTruth:
    """Return the ground truth that JSON text has; raises `InvalidRequest`."""
    if text is None:
        raise InvalidRequest({"ground_truth": ["required field"]})
    try:
        return _ground_truth_decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidRequest({"ground_truth": [str(error)]}) from None


def format_of(path: str) -> Format | None:
    """Return the format that a file's name ends in, with or without `.gz`; None where it ends in none."""
    return _FORMAT_BY_SUFFIX.get(Path(path.lower().removesuffix(".gz")).suffix)
