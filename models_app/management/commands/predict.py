"""`manage.py predict FILE`: predict every record of a file."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.domain.errors import ChantillyError
from models_app.management import columns
from models_app.management.file_commands import FileCommand
from models_app.management.progress import Tally
from models_app.paradigms import options as options_of
from models_app.services import warming
from models_app.services.feeding import Answered, Feed
from models_app.services.files import STANDARD_INPUT, FileRecord, Format, Layout
from models_app.wire import writing


class Command(FileCommand):
    """Predict from a file."""

    help = (
        "Predicts each record of a file, in order, as /api/predict does, and writes a JSON object for each: "
        '{"model": ..., "prediction": ...}. Each line of the file is a CSV row, or a JSON object: as the '
        'API takes it ({"features": ..., "id": ..., "model": ...}) or, with --flat, the features themselves. '
        "What has an id is kept until its ground truth comes. A bad line ends it; with --skip-errors it is "
        'answered with {"error": ..., "message": ..., "line": ...}.'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model, the column of ids, and where to write."""
        super().add_arguments(parser)
        parser.add_argument("--model", metavar="NAME", help="the default model if none is named")
        parser.add_argument("--output", type=Path, metavar="FILE", help="where to write, instead of stdout")
        parser.add_argument("--id", metavar="COLUMN", help="the ids, under which to learn later")
        parser.add_argument(
            "--option",
            action="append",
            default=[],
            choices=options_of.NAMES,
            help="what else to answer of each prediction; may be repeated",
        )

    def serve(self, *args: Any, **options: Any) -> None:
        """Predict into the output. Raises CommandError where it is the file that is read."""
        file, output = options["file"], options["output"]
        with ExitStack() as stack:
            self.write: Callable[[str], object] = self.stdout.write
            if output is not None:
                if _is_same(file, output):
                    raise CommandError(f"{output}: it is the file to read from.")
                self.write = stack.enter_context(output.open("w", encoding="utf-8")).write
            super().serve(**options)

    def layout(self, *, format: Format, **options: Any) -> Layout:  # noqa: A002  # the option's name
        """Return where the features and the ids are."""
        layout = columns.layout_of(format, options, id_column=options["id"])
        # Nothing is learned: a ground truth is what is no feature.
        return replace(layout, targets=(), ignored=layout.ignored.union(layout.targets))

    def feed(
        self, *, model: str | None, skip_errors: bool, option: list[str], **_options: Any
    ) -> Feed[FileRecord]:
        """Return what predicts."""
        return warming.predict_feed(model=model, skip_errors=skip_errors, options=option)

    def on_answer(self, answered: Answered) -> None:
        """Write a line."""
        if answered.error is None:
            self._write(writing.predicted(answered.result))
        elif answered.is_skipped and isinstance(answered.error, ChantillyError):
            error = answered.error
            self._write(writing.refused(error.code, error.message, line=answered.line))

    def report(self, tally: Tally, **options: Any) -> None:
        """Say how much was predicted: not where the predictions are written."""
        summary = tally.summary("Predicted")
        if options["output"] is None:
            self.stderr.write(summary, style_func=str)
        else:
            self.stdout.write(summary)

    def _write(self, text: bytes) -> None:
        self.write(text.decode() + "\n")


def _is_same(file: str, output: Path) -> bool:
    return file != STANDARD_INPUT and output.exists() and output.samefile(file)
