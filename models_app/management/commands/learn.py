"""`manage.py learn FILE --model NAME`: warm a model up from its history."""

from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.domain.errors import ChantillyError
from models_app.management import columns, rendering
from models_app.management.file_commands import FileCommand
from models_app.management.progress import Tally
from models_app.services import warming
from models_app.services.feeding import Feed
from models_app.services.files import FileRecord, Format, Layout


class Command(FileCommand):
    """Let a model learn from a file."""

    help = (
        "Lets a model predict, be scored and learn from each record of a file, in order: what /api/learn "
        "does with features. Each line is a CSV row, or a JSON object: as the API takes it "
        '({"features": ..., "ground_truth": ...}) or, with --target or --flat, flat. A bad line ends it; '
        "what was learned before is kept. A server that runs meanwhile does the work, between its clients' "
        "requests."
    )

    # What is learned is learned, and reported.
    counts_late = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model."""
        super().add_arguments(parser)
        parser.add_argument("--model", required=True, metavar="NAME", help="the model that learns")

    def layout(self, *, format: Format, **options: Any) -> Layout:  # noqa: A002  # the option's name
        """Return where the features and the ground truth are."""
        layout = columns.layout_of(format, options)
        may_lack_truth = not warming.needs_truth(options["model"])
        if layout.is_flat and not layout.targets and not may_lack_truth:
            raise CommandError("--target COLUMN is needed: which column is the ground truth?")
        return replace(layout, has_ground_truth=True, may_lack_truth=may_lack_truth)

    def feed(self, *, model: str, skip_errors: bool, **_options: Any) -> Feed[FileRecord]:
        """Return what has the model learn."""
        feed = warming.learn_feed(model=model, skip_errors=skip_errors)
        self.poller = warming.MetricsPoller(model)
        return feed

    def status(self) -> str:
        """Return the model's first metric, and have the instance's kept up."""
        self.poller.tick()
        return rendering.metrics(dict(list(self.poller.metrics.items())[:1]))

    def report(self, tally: Tally, **options: Any) -> None:
        """Say how much was learned, and how the model does."""
        model = options["model"]
        self.poller.finish()
        self.stdout.write(tally.summary("Learned"))
        try:
            vitals = warming.vitals(model)
        except ChantillyError:
            # Deleted meanwhile: that is what the error of the line says.
            return
        self.stdout.write(f"{model}, learns 1 to {vitals.seq:,}: {rendering.metrics(vitals.metrics)}")
