"""How a file of records is written, as the options of a command say."""

from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.services.files import STANDARD_INPUT, Format, Layout, format_of, normalized

_CSV_ONLY = ("delimiter", "decimal", "thousands", "na")


def add_arguments(parser: CommandParser) -> None:
    """Take how the file is written, where that is not to be guessed."""
    parser.add_argument(
        "--delimiter", metavar="CHAR", help=r"of a CSV file, if it is not guessed; \t is a tab"
    )
    parser.add_argument("--decimal", choices=[".", ","], help="before a CSV number's decimals")
    parser.add_argument("--thousands", metavar="CHAR", help="between a CSV number's thousands: never guessed")
    parser.add_argument(
        "--encoding", metavar="NAME", help="of the file, if it is not guessed: cp1252, utf-16"
    )
    parser.add_argument(
        "--na",
        action="append",
        default=[],
        metavar="TOKEN",
        help="a CSV cell that is no value (NA, ?, -); may be repeated",
    )


def as_written(layout: Layout, options: dict[str, Any]) -> Layout:
    """Return a layout with what the options say of how the file is written. Raises CommandError."""
    if layout.format is not Format.CSV and (named := [name for name in _CSV_ONLY if options[name]]):
        raise CommandError(f"--{named[0]} is for CSV files; in NDJSON each value says what it is.")
    delimiter, thousands = options["delimiter"], options["thousands"]
    delimiter = "\t" if delimiter == r"\t" else delimiter
    for name, value in (("delimiter", delimiter), ("thousands", thousands)):
        if value is not None and (len(value) != 1 or value in '"\r\n' or value.isalnum()):
            raise CommandError(f"--{name} is one character, neither a letter nor a digit nor a quote.")
    if thousands is not None and thousands in (options["decimal"] or ".", delimiter):
        raise CommandError("--thousands must be another character than --decimal and --delimiter.")
    if options["encoding"] is not None:
        try:
            normalized(options["encoding"])
        except LookupError:
            raise CommandError(f"There is no encoding '{options['encoding']}'.") from None
    return replace(
        layout,
        delimiter=delimiter,
        decimal=options["decimal"],
        thousands=thousands,
        missing=frozenset(token.strip() for token in options["na"]),
    )


def format_called(file: str, chosen: str | None) -> Format:
    """Return the format that was chosen, or else the file's by its name. Raises CommandError."""
    known = Format(chosen) if chosen is not None else format_of(file)
    if known is None:
        name = "Standard input" if file == STANDARD_INPUT else f"'{file}'"
        raise CommandError(f"{name} does not say its format: say --format csv or --format ndjson.")
    return known


def name_of(file: str) -> str:
    """Return a file's name as messages have it."""
    return "standard input" if file == STANDARD_INPUT else file
