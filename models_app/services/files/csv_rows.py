"""CSV: a header, and a record a row."""

import csv
import re
from collections.abc import Iterator
from typing import cast

import msgspec

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.domain.scoring import GroundTruth
from models_app.services.files.layouts import BadLine, Layout, Record, ground_truth
from models_app.services.files.sources import Source, Unreadable

_encoder = msgspec.json.Encoder()


class _TextLines:
    """The lines of a source as text. No generator: what it raises must not end it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __iter__(self) -> "_TextLines":
        return self

    def __next__(self) -> str:
        return next(self._source).decode()


def csv_records(source: Source, layout: Layout) -> Iterator[Record | BadLine]:
    """Yield what stands in each row below the header that is not blank."""
    # Strict: a stray quote is an error, rather than a value that swallows what follows.
    rows = csv.reader(_TextLines(source), strict=True)
    columns: _Columns | None = None
    while True:
        line = source.line + 1
        try:
            row = next(rows)
            if row and columns is None:
                columns = _Columns(row, layout)
            elif row and columns is not None:
                yield columns.record(line, row)
        except StopIteration:
            return
        except (Unreadable, ChantillyError, csv.Error, UnicodeDecodeError) as error:
            refusal = (
                error if isinstance(error, ChantillyError) else InvalidRequest(f"{error}".rstrip(".") + ".")
            )
            # Without its header a file means nothing.
            ends_file = columns is None or isinstance(error, Unreadable)
            yield BadLine(line=line, error=refusal, ends_file=ends_file)
            if ends_file:
                return


_JSON_NUMBER = re.compile(r"\s*-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*").fullmatch
# As JSON, Python, and spreadsheets write them.
_BOOLEANS = {
    "true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false",
}  # fmt: skip


class _Columns:
    """Makes records of the rows below a header."""

    def __init__(self, header: list[str], layout: Layout) -> None:
        names = [name.strip() for name in header]
        _check_header(names, layout)
        self._n_columns = len(names)
        self._layout = layout
        self._target = names.index(layout.target) if layout.target is not None else None
        self._id = names.index(layout.id_column) if layout.id_column is not None else None
        apart = layout.ignored | {layout.target, layout.id_column}
        self._features = [
            (index, _string(name) + ":", _string if name in layout.strings else cell_json)
            for index, name in enumerate(names)
            if name not in apart
        ]
        self._target_json = _string if layout.target in layout.strings else cell_json

    def record(self, line: int, row: list[str]) -> Record:
        """Return a row's record; an empty cell is a feature that is not there."""
        if len(row) != self._n_columns:
            raise InvalidRequest(f"The row has {len(row)} columns, the header {self._n_columns}.")
        members = [key + to_json(row[index]) for index, key, to_json in self._features if row[index]]
        return Record(
            line=line,
            features=f"{{{','.join(members)}}}".encode(),
            ground_truth=self._ground_truth(row) if self._layout.has_ground_truth else None,
            prediction_id=self._prediction_id(row),
        )

    def _ground_truth(self, row: list[str]) -> GroundTruth:
        cell = "" if self._target is None else row[self._target]
        return ground_truth(self._target_json(cell).encode() if cell else None)

    def _prediction_id(self, row: list[str]) -> str | None:
        if self._id is None:
            return None
        if not row[self._id]:
            raise InvalidRequest({self._layout.id_column or "id": ["required field"]})
        return row[self._id]


def cell_json(cell: str) -> str:
    """Return a cell as JSON text: a number or a boolean where it reads as one, else a string."""
    if _JSON_NUMBER(cell):
        return cell.strip()
    return _BOOLEANS.get(cell) or _string(cell)


def _string(text: str) -> str:
    return _encoder.encode(text).decode()


def _check_header(names: list[str], layout: Layout) -> None:
    if not all(names):
        raise InvalidRequest(f"Column {names.index('') + 1} of the header has no name.")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InvalidRequest(f"The header has the column '{min(twice)}' twice.")
    asked_for = {layout.target, layout.id_column, *layout.strings, *layout.ignored} - {None}
    missing = sorted(cast("set[str]", asked_for).difference(names))
    if missing:
        raise InvalidRequest(f"There is no column '{missing[0]}'; the header has {', '.join(names)}.")
