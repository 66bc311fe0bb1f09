"""Dialects of CSV files: what stands between values, and how numbers look."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass

_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 50
_DECIMAL_COMMA = re.compile(r"\s*-?[0-9]+,[0-9]+\s*").fullmatch
_THOUSANDS = re.compile(r"\s*-?[1-9][0-9]{0,2}(,[0-9]{3})+\s*").fullmatch
_DECIMAL_POINT = re.compile(r"\s*-?[0-9]*\.[0-9]+\s*").fullmatch


@dataclass(frozen=True, slots=True)
class Dialect:
    """`skips_spaces`: what stands after a delimiter and a space may be quoted."""

    delimiter: str = ","
    decimal: str = "."
    skips_spaces: bool = False


def dialect_of(head: str, *, delimiter: str | None, decimal: str | None) -> Dialect:
    r"""Return the dialect of a file that begins with `head`; what is given is not guessed.

    >>> dialect_of("a;b\n1,5;2\n", delimiter=None, decimal=None)
    Dialect(delimiter=';', decimal=',', skips_spaces=False)
    >>> dialect_of("a,b\n1.5,2\n", delimiter=None, decimal=None)
    Dialect(delimiter=',', decimal='.', skips_spaces=False)
    """
    delimiter = delimiter or _delimiter(head)
    rows = _rows(head, delimiter)
    skips_spaces = any(cell.startswith(" ") and cell.lstrip().startswith('"') for row in rows for cell in row)
    if skips_spaces:
        rows = _rows(head, delimiter, skips_spaces=True)
    return Dialect(delimiter, decimal or _decimal(rows, delimiter), skips_spaces)


def _delimiter(head: str) -> str:
    """Return what cuts the header into most columns, of what cuts all rows into as many as the header."""

    def fits(candidate: str) -> tuple[bool, int]:
        rows = _rows(head, candidate)
        # Of a last row, the end may be missing.
        return len({len(row) for row in rows[:-1]}) <= 1, len(rows[0]) if rows else 0

    # The first of equals is the comma.
    found = [candidate for candidate in _DELIMITERS if fits(candidate)[1] > 1]
    return max(found, key=fits, default=",")


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    """Return a comma where numbers have one, and none a point; a point where that is not certain."""
    if delimiter == ",":
        return "."
    cells = [cell for row in rows[1:] for cell in row]
    commas = [cell for cell in cells if _DECIMAL_COMMA(cell)]
    # 1,234 alone may be a number of thousands.
    is_certain = any(not _THOUSANDS(cell) for cell in commas)
    return "," if is_certain and not any(map(_DECIMAL_POINT, cells)) else "."


def _rows(head: str, delimiter: str, *, skips_spaces: bool = False) -> list[list[str]]:
    lines = head.lstrip("\ufeff").splitlines(keepends=True)[:_LOOKED_AT]
    rows: list[list[str]] = []
    try:
        rows.extend(
            row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=skips_spaces) if row
        )
    except csv.Error:
        # It is reported when that row is read.
        return rows
    return rows


_JSON_NUMBER = re.compile(r"\s*-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*").fullmatch


def number_reader(*, decimal: str, thousands: str | None) -> Callable[[str], str | None]:
    """Return what returns a cell's number as JSON text, or None where it is no number.

    >>> read = number_reader(decimal=",", thousands=".")
    >>> read("1.234,5"), read(" -7 "), read("1.2"), read("1,2,3")
    ('1234.5', '-7', None, None)
    """
    if decimal == "." and thousands is None:
        return json_number
    group = re.escape(thousands or "")
    whole = rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|0|[1-9][0-9]*" if thousands else "0|[1-9][0-9]*"
    fits = re.compile(rf"\s*-?(?:{whole})(?:{re.escape(decimal)}[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*").fullmatch

    def read(cell: str) -> str | None:
        if not fits(cell):
            return None
        ungrouped = cell.strip().replace(thousands, "") if thousands else cell.strip()
        return ungrouped.replace(decimal, ".")

    return read


def json_number(cell: str) -> str | None:
    """Return a cell that is a JSON number, or None."""
    return cell.strip() if _JSON_NUMBER(cell) else None
