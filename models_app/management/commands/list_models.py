"""`manage.py list_models`: the served models and how they do."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.template.defaultfilters import filesizeformat

from models_app.management.base import ServiceCommand
from models_app.services import listing
from models_app.services.listing import ModelSummary

HEADINGS = ("NAME", "DEFAULT", "FLAVOR", "LEARNS", "SIZE", "METRICS")
TO_THE_RIGHT = frozenset({"LEARNS", "SIZE"})


class Command(ServiceCommand):
    """List the models."""

    help = "Lists the served models: flavor, default, learns, size, metrics."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form."""
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def serve(self, **options: Any) -> None:
        """Print the models by name."""
        models = listing.list_models(with_metrics=True)
        if options["json"]:
            self.stdout.write(
                json.dumps([asdict(model) for model in models], cls=DjangoJSONEncoder, indent=2)
            )
        elif models:
            self._print_table([_row(model) for model in models])
        else:
            self.stdout.write("No models.")

    def _print_table(self, rows: Sequence[tuple[str, ...]]) -> None:
        widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
        for row in (HEADINGS, *rows):
            cells = [
                cell.rjust(width) if heading in TO_THE_RIGHT else cell.ljust(width)
                for heading, cell, width in zip(HEADINGS, row, widths, strict=True)
            ]
            self.stdout.write("  ".join(cells).rstrip())


def _row(model: ModelSummary) -> tuple[str, ...]:
    return (
        model.name,
        "default" if model.is_default else "",
        model.flavor,
        f"{model.n_learns:,}",
        # A no-break space: right in a page, odd in a terminal.
        filesizeformat(model.size_bytes).replace("\xa0", " "),
        _metrics(model.metrics),
    )


def _metrics(metrics: dict[str, float | None] | None) -> str:
    if metrics is None:
        return "(does not load here)"
    return ", ".join(
        f"{name} {'-' if value is None else format(value, '.4g')}" for name, value in metrics.items()
    )
