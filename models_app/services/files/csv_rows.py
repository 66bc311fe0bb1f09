"""CSV: a header, and a record a row."""

import csv
from collections.abc import Callable, Iterator, Sequence

import msgspec

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.domain.scoring import GroundTruth
from models_app.paradigms.registry import MEMBERS
from models_app.services.files.dialects import Dialect, dialect_of, json_number, number_reader
from models_app.services.files.layouts import BadLine, FileRecord, Layout, ground_truth
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


def csv_records(source: Source, layout: Layout) -> Iterator[FileRecord | BadLine]:
    """Yield what stands in each row below the header that is not blank."""
    dialect = dialect_of(source.head, delimiter=layout.delimiter, decimal=layout.decimal)
    # Strict: a stray quote is an error, rather than a value that swallows what follows.
    rows = csv.reader(
        _TextLines(source),
        strict=True,
        delimiter=dialect.delimiter,
        skipinitialspace=dialect.skips_spaces,
    )
    columns: _Columns | None = None
    while True:
        line = source.line + 1
        try:
            row = next(rows)
            if row and columns is None:
                columns = _Columns(row, layout, dialect, source.note)
            elif row and columns is not None:
                yield columns.record(line, row)
        except StopIteration:
            return
        except (Unreadable, ChantillyError, csv.Error, UnicodeDecodeError) as error:
            refusal = error if isinstance(error, ChantillyError) else InvalidRequest(_reason(error))
            # Without its header a file means nothing.
            ends_file = columns is None or isinstance(error, Unreadable)
            yield BadLine(line=line, error=refusal, ends_file=ends_file)
            if ends_file:
                return


def _reason(error: Exception) -> str:
    said = f"{error}".rstrip(".")
    return f"{said}: say --encoding." if isinstance(error, UnicodeDecodeError) else f"{said}."


# As JSON, Python, and spreadsheets write them.
_BOOLEANS = {
    "true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false",
}  # fmt: skip


#: A name, where its column is, and what makes JSON text of a cell.
_Column = tuple[str, int, Callable[[str], str]]


class _Columns:
    """Makes records of the rows below a header."""

    def __init__(
        self, header: list[str], layout: Layout, dialect: Dialect, note: Callable[[str], None]
    ) -> None:
        names = _named([name.strip() for name in header])
        _check_header(names, layout, dialect)
        self._n_columns = len(names)
        self._layout = layout
        self._note = note
        to_json = _cell_reader(dialect, layout)
        self._id = names.index(layout.id_column) if layout.id_column is not None else None
        apart = layout.ignored | layout.apart
        if names[0] == "" and "" not in apart:
            apart = apart | {""}
            note("the first column has no name (the index, as pandas writes it) and is left out.")

        def reader(name: str) -> Callable[[str], str]:
            return _string if name in layout.strings else to_json

        self._features = [
            (index, _string(name) + ":", reader(name))
            for index, name in enumerate(names)
            if name not in apart
        ]
        self._targets = [(name, names.index(name), reader(name)) for name in layout.targets]
        self._members = [
            (name, names.index(name), _list_reader(name) if _is_list(member) else reader(name))
            for member, name in layout.members.items()
        ]
        self._missing = layout.missing

    def record(self, line: int, row: list[str]) -> FileRecord:
        """Return a row's record; an empty cell is a feature that is not there."""
        if len(row) != self._n_columns:
            row = self._fitted(row)
        if self._missing:
            row = ["" if cell.strip() in self._missing else cell for cell in row]
        values = [key + to_json(row[index]) for index, key, to_json in self._features if row[index]]
        features: bytes | None = f"{{{','.join(values)}}}".encode()
        members = None
        if self._members:
            features = features if self._features else None
            members = self._layout.asked_with(features, self._found(row, self._members))
        return FileRecord(
            line=line,
            features=features,
            members=members,
            ground_truth=self._ground_truth(row) if self._layout.has_ground_truth else None,
            prediction_id=self._prediction_id(row),
        )

    def _fitted(self, row: list[str]) -> list[str]:
        """Return a row without the empty cells that a spreadsheet writes at its end."""
        if len(row) < self._n_columns or any(row[self._n_columns :]):
            raise InvalidRequest(f"The row has {len(row)} columns, the header {self._n_columns}.")
        return row[: self._n_columns]

    def _ground_truth(self, row: list[str]) -> GroundTruth:
        found = self._found(row, self._targets)
        return self._layout.as_truth({name: ground_truth(text) for name, text in found.items()})

    @staticmethod
    def _found(row: list[str], columns: Sequence[_Column]) -> dict[str, bytes]:
        """Return by name what stands in columns as JSON text; an empty cell is nothing."""
        return {name: to_json(row[index]).encode() for name, index, to_json in columns if row[index]}

    def _prediction_id(self, row: list[str]) -> str | None:
        if self._id is None:
            return None
        if not row[self._id]:
            raise InvalidRequest({self._layout.id_column or "id": ["required field"]})
        return row[self._id]


def cell_json(cell: str) -> str:
    """Return a cell as JSON text: a number or a boolean where it reads as one, else a string."""
    return json_number(cell) or _BOOLEANS.get(cell) or _string(cell)


def _is_list(member: str) -> bool:
    """Say whether a member of requests is a list: no cell that stands for one value."""
    return MEMBERS[member].schema.get("type") == "array"


def _list_reader(column: str) -> Callable[[str], str]:
    def read(cell: str) -> str:
        try:
            msgspec.json.decode(cell, type=list)
        except msgspec.MsgspecError:
            raise InvalidRequest({column: ['must be a list in JSON, as ["a", "b"]']}) from None
        return cell

    return read


def _cell_reader(dialect: Dialect, layout: Layout) -> Callable[[str], str]:
    """Return `cell_json`, or what does the same for numbers that look otherwise."""
    read = number_reader(decimal=dialect.decimal, thousands=layout.thousands)
    if read is json_number:
        return cell_json
    return lambda cell: read(cell) or _BOOLEANS.get(cell) or _string(cell)


def _named(names: list[str]) -> list[str]:
    """Return a header without the empty names that a spreadsheet writes at its end."""
    while len(names) > 1 and not names[-1]:
        names = names[:-1]
    return names


def _string(text: str) -> str:
    return _encoder.encode(text).decode()


def _check_header(names: list[str], layout: Layout, dialect: Dialect) -> None:
    # The first may be an index.
    if not all(names[1:]) or names == [""]:
        unnamed = names.index("", min(1, len(names) - 1)) + 1
        raise InvalidRequest(f"Column {unnamed} of the header has no name.")
    twice = {name for name in names if names.count(name) > 1} - layout.ignored
    if twice:
        name = min(twice)
        raise InvalidRequest(
            f"The header has the column '{name}' twice: rename one; --ignore={name} leaves both out."
        )
    missing = sorted((layout.apart | layout.strings | layout.ignored).difference(names))
    if missing:
        found = ", ".join(filter(None, names))
        advice = "; is --delimiter another?" if len(names) == 1 else ""
        cut = "" if dialect.delimiter == "," else f" (cut at {dialect.delimiter!r})"
        raise InvalidRequest(f"There is no column '{missing[0]}'; the header has {found}{cut}{advice}.")
