"""Common parts of the commands that read a file of records."""

import signal
import sys
import threading
import time
from argparse import ArgumentTypeError
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm  # type: ignore[import-untyped]  # it has no types of its own

from models_app.domain.errors import ChantillyError, InvalidGroundTruth, ModelRaised
from models_app.management.base import ServiceCommand, explained
from models_app.services.feeding import MAX_IN_FLIGHT, Answered, Feed
from models_app.services.files import (
    STANDARD_INPUT,
    BadLine,
    FileRecord,
    Format,
    Layout,
    Source,
    format_of,
    hint,
    normalized,
    opened,
    records,
)
from models_app.services.handing.client import handing_over

INTERRUPTED = 130
_SHOWN_REFUSALS = 20
_REFRESH_SECONDS = 0.1
# Records that an answer may still come for, and those that were read ahead.
_REMEMBERED = 2 * MAX_IN_FLIGHT
_CSV_ONLY = ("delimiter", "decimal", "thousands", "na")


@dataclass(slots=True)
class Tally:
    """Progress in a file. `n_late` records of `n_done` stand after the line that `failed`."""

    n_done: int = 0
    n_skipped: int = 0
    n_late: int = 0
    last_line: int = 0
    failed: Answered | None = None
    started_at: float = field(default_factory=time.monotonic)

    def add(self, answered: Answered) -> None:
        """Count what came of one line."""
        if answered.error is None:
            self.n_done += 1
            self.n_late += self.failed is not None
            self.last_line = answered.line
        elif answered.is_skipped:
            self.n_skipped += 1
        elif self.failed is None:
            self.failed = answered

    @property
    def seconds(self) -> float:
        """Return how long it has taken."""
        return time.monotonic() - self.started_at

    @property
    def per_second(self) -> float:
        """Records a second."""
        return self.n_done / max(self.seconds, 1e-9)

    def summary(self, verb: str) -> str:
        """Return all of it in a line."""
        text = f"{verb} {counted(self.n_done)} in {self.seconds:,.1f} s ({self.per_second:,.0f} a second)"
        if self.n_skipped:
            text += f", skipped {self.n_skipped:,}"
        if self.n_late and self.failed is not None:
            text += f"; {self.n_late:,} of them after line {self.failed.line}, up to line {self.last_line}"
        return f"{text}."


def counted(n: int) -> str:
    """Return a number of records in words."""
    return f"{n:,} record{'s' * (n != 1)}"


class FileCommand(ServiceCommand):
    """A command that reads records from a file and has the engine work on them.

    `counts_late` says whether what came of records after the line that failed counts.
    """

    counts_late = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, and how to read it."""
        parser.add_argument("file", metavar="FILE", help="CSV or NDJSON, gzipped or not; - is standard input")
        parser.add_argument("--format", choices=list(Format), help="if the file's name does not say it")
        parser.add_argument(
            "--string",
            action="append",
            default=[],
            metavar="COLUMN",
            help="a column of strings, whatever they look like (postal codes); may be repeated",
        )
        parser.add_argument(
            "--ignore",
            action="append",
            default=[],
            metavar="COLUMN",
            help="a column that is no feature; may be repeated",
        )
        _add_dialect(parser)
        parser.add_argument("--skip-errors", action="store_true", help="go on after a bad line, and count it")
        parser.add_argument(
            "--from-line", type=line_number, default=1, metavar="N", help="skip what stands before line N"
        )

    def serve(self, *args: Any, **options: Any) -> None:
        """Run over the file; raises CommandError where it is not run to its end."""
        with handing_over(skips_errors=options["skip_errors"]):
            self._run_over(**options)

    def _run_over(self, **options: Any) -> None:
        form = _format(options["file"], options["format"])
        layout = _as_written(self.layout(**options | {"format": form}), options)
        self._recent: deque[FileRecord | BadLine] = deque(maxlen=_REMEMBERED)
        with opened(
            options["file"],
            max_line_bytes=settings.MAX_BODY_BYTES,
            encoding=options["encoding"],
            is_text=form is Format.CSV,
            on_note=lambda text: _print(f"{_name(options['file'])}: {text}"),
        ) as source:
            lines = (line for line in records(source, layout) if line.line >= options["from_line"])
            feed = self.feed(**options)
            tally = self._run(feed, source, self._remembered(lines))
        # Of a file that nothing was made of there is nothing to report.
        if not (tally.failed is not None and tally.n_done == tally.n_skipped == 0):
            self.report(tally, **options)
        if feed.was_interrupted:
            raise CommandError("Interrupted.", returncode=INTERRUPTED)
        if tally.failed is not None:
            raise CommandError(_refusal(source, tally.failed) + self._hint(tally.failed, layout))

    def layout(self, *args: Any, **options: Any) -> Layout:
        """Return where in the file's lines the parts of a record are. Raises CommandError."""
        raise NotImplementedError

    def feed(self, *args: Any, **options: Any) -> Feed[FileRecord]:
        """Return what takes the records."""
        raise NotImplementedError

    def on_answer(self, answered: Answered) -> None:
        """Do something with what came of a line."""

    def status(self) -> str:
        """Return what the progress bar is to show besides counts; asked a few times a second."""
        return ""

    def report(self, tally: Tally, **options: Any) -> None:
        """Report what came of it."""
        raise NotImplementedError

    def _remembered(self, lines: Iterator[FileRecord | BadLine]) -> Iterator[FileRecord | BadLine]:
        for line in lines:
            self._recent.append(line)
            yield line

    def _hint(self, refused: Answered, layout: Layout) -> str:
        if not isinstance(refused.error, (InvalidGroundTruth, ModelRaised)):
            return ""
        for record in self._recent:
            if isinstance(record, FileRecord) and record.line == refused.line:
                return f" {hint(record, layout) or ''}".rstrip()
        return ""

    def _run(self, feed: Feed[FileRecord], source: Source, lines: Iterator[FileRecord | BadLine]) -> Tally:
        tally = Tally()
        with interrupting(feed), _Bar(source) as bar:
            for answered in feed.answers(lines):
                if answered.error is not None and feed.was_interrupted:
                    # Withdrawn, most likely; it can be sent again.
                    continue
                if tally.failed is not None and not self.counts_late:
                    continue
                tally.add(answered)
                self.on_answer(answered)
                if answered.is_skipped and tally.n_skipped <= _SHOWN_REFUSALS:
                    bar.print(_refusal(source, answered))
                bar.tick(tally, self.status)
        return tally


class _Bar:
    """A progress bar on stderr, where that is a terminal: how much was read, how many records, the rate."""

    def __init__(self, source: Source) -> None:
        self._source = source
        has_size = source.size is not None
        self._bar = tqdm(
            total=source.size,
            # None: shown where stderr is a terminal.
            disable=None,
            dynamic_ncols=True,
            bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
            if has_size
            else "{elapsed}{postfix}",
        )
        self._ticked_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def tick(self, tally: Tally, status: Callable[[], str]) -> None:
        """Bring the bar up to date, if it is time."""
        now = time.monotonic()
        if now - self._ticked_at < _REFRESH_SECONDS:
            return
        self._ticked_at = now
        parts = (counted(tally.n_done), f"{tally.per_second:,.0f}/s", status())
        self._bar.set_postfix_str(", ".join(filter(None, parts)), refresh=False)
        self._bar.update((self._source.position or 0) - self._bar.n)

    def print(self, text: str) -> None:
        """Print a line on stderr, above the bar."""
        _print(text)


def _print(text: str) -> None:
    tqdm.write(text, file=sys.stderr)


def _add_dialect(parser: CommandParser) -> None:
    """Take how the file is written, where that is not to be guessed."""
    parser.add_argument(
        "--delimiter", metavar="CHAR", help=r"of a CSV file, if it is not guessed; 	 is a tab"
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


def _as_written(layout: Layout, options: dict[str, Any]) -> Layout:
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


def _name(file: str) -> str:
    return "standard input" if file == STANDARD_INPUT else file


@contextmanager
def interrupting(feed: Feed[Any]) -> Iterator[None]:
    """Have Ctrl-C end the feed, which finishes what is under way, so that it can be reported."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, feed.interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _format(file: str, chosen: str | None) -> Format:
    known = Format(chosen) if chosen is not None else format_of(file)
    if known is None:
        name = "Standard input" if file == STANDARD_INPUT else f"'{file}'"
        raise CommandError(f"{name} does not say its format: say --format csv or --format ndjson.")
    return known


def _refusal(source: Source, answered: Answered) -> str:
    return f"{source.name}, line {answered.line}: {reason(answered)}"


def reason(answered: Answered) -> str:
    """Return in one line why a record was refused."""
    error = answered.error
    return explained(error) if isinstance(error, ChantillyError) else " ".join(repr(error).split())


def line_number(text: str) -> int:
    """Return a number of a line, counted from 1; raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is no line: they are counted from 1.")
    return int(text)
