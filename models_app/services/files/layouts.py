"""Layouts of files: where in a line the parts of a record are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Raw

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.domain.scoring import GroundTruth
from models_app.paradigms.base import FEATURES
from models_app.wire import fields


class Format(StrEnum):
    """The format of a file's lines."""

    CSV = "csv"
    NDJSON = "ndjson"


_FORMAT_BY_SUFFIX = {".csv": Format.CSV, ".ndjson": Format.NDJSON, ".jsonl": Format.NDJSON}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A layout: where in a line the parts of a record are.

    Flat lines (every CSV row, and NDJSON objects where `is_flat`) have a feature in each column but the
    `targets`, `id_column`, those of `members` and the `ignored` ones. One target is the ground truth, of
    several it is an object. `members` are what a model is asked with beside features, each with its column.
    Other NDJSON lines are what the API takes: to learn from where `has_ground_truth`, else to predict from.
    What stands in the columns `strings` is a string, whatever it looks like. `may_lack_truth`: a line without
    a ground truth is to be learned, too.

    Of CSV: by what values are kept apart, what stands before a number's decimals (None: both are guessed) and
    between its thousands, and which values are `missing`.
    """

    format: Format
    is_flat: bool = True
    has_ground_truth: bool = False
    may_lack_truth: bool = False
    targets: tuple[str, ...] = ()
    id_column: str | None = None
    members: Mapping[str, str] = field(default_factory=dict)
    strings: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    missing: frozenset[str] = frozenset()

    @property
    def apart(self) -> frozenset[str]:
        """The columns that are asked for, and are no features."""
        ids = () if self.id_column is None else (self.id_column,)
        return frozenset((*self.targets, *ids, *self.members.values()))

    def asked_with(self, features: bytes | None, cells: dict[str, bytes]) -> dict[str, object]:
        """Return all that a model is asked with, as JSON text each; `cells` are by their columns."""
        found: dict[str, object] = {} if features is None else {FEATURES: Raw(features)}
        return found | {name: Raw(cells[column]) for name, column in self.members.items() if column in cells}

    def as_truth(self, found: dict[str, GroundTruth]) -> GroundTruth:
        """Return the ground truth made of what the targets have; raises `InvalidRequest`."""
        if len(self.targets) > 1 and found:
            return found
        truth = next(iter(found.values()), None)
        if truth is None and not self.may_lack_truth:
            raise InvalidRequest({"ground_truth": ["required field"]})
        return truth


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


def ground_truth(text: bytes) -> GroundTruth:
    """Return the ground truth, or that of one target, that JSON text has; raises `InvalidRequest`."""
    try:
        return _ground_truth_decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidRequest({"ground_truth": [str(error)]}) from None


def format_of(path: str) -> Format | None:
    """Return the format that a file's name ends in, with or without `.gz`; None where it ends in none."""
    return _FORMAT_BY_SUFFIX.get(Path(path.lower().removesuffix(".gz")).suffix)
