"""Common parts of the commands that read a file of records."""

import signal
import threading
from argparse import ArgumentTypeError
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from models_app.domain.errors import ChantillyError, InvalidGroundTruth, ModelRaised
from models_app.management import columns, dialects
from models_app.management.base import ServiceCommand, explained
from models_app.management.progress import Bar, Tally, print_line
from models_app.services.feeding import MAX_IN_FLIGHT, Answered, Feed
from models_app.services.files import (
    BadLine,
    FileRecord,
    Format,
    Layout,
    Source,
    hint,
    opened,
    records,
)
from models_app.services.handing.client import handing_over

INTERRUPTED = 130
_SHOWN_REFUSALS = 20
# Records that an answer may still come for, and those that were read ahead.
_REMEMBERED = 2 * MAX_IN_FLIGHT


class FileCommand(ServiceCommand):
    """A command that reads records from a file and has the engine work on them.

    `counts_late` says whether what came of records after the line that failed counts.
    """

    counts_late = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, and how to read it."""
        parser.add_argument("file", metavar="FILE", help="CSV or NDJSON, gzipped or not; - is standard input")
        parser.add_argument("--format", choices=list(Format), help="if the file's name does not say it")
        columns.add_arguments(parser)
        dialects.add_arguments(parser)
        parser.add_argument("--skip-errors", action="store_true", help="go on after a bad line, and count it")
        parser.add_argument(
            "--from-line", type=line_number, default=1, metavar="N", help="skip what stands before line N"
        )

    def serve(self, *args: Any, **options: Any) -> None:
        """Run over the file; raises CommandError where it is not run to its end."""
        with handing_over(skips_errors=options["skip_errors"]):
            self._run_over(**options)

    def _run_over(self, **options: Any) -> None:
        form = dialects.format_called(options["file"], options["format"])
        layout = dialects.as_written(self.layout(**options | {"format": form}), options)
        self._recent: deque[FileRecord | BadLine] = deque(maxlen=_REMEMBERED)
        with opened(
            options["file"],
            max_line_bytes=settings.MAX_BODY_BYTES,
            encoding=options["encoding"],
            is_text=form is Format.CSV,
            on_note=lambda text: print_line(f"{dialects.name_of(options['file'])}: {text}"),
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
        with interrupting(feed), Bar(source) as bar:
            for answered in feed.answers(lines):
                if answered.error is not None and feed.was_interrupted:
                    # Withdrawn, most likely; it can be sent again.
                    continue
                if tally.failed is not None and not self.counts_late:
                    continue
                tally.add(answered)
                self.on_answer(answered)
                if answered.is_skipped and tally.n_skipped <= _SHOWN_REFUSALS:
                    print_line(_refusal(source, answered))
                bar.tick(tally, self.status)
        return tally


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
