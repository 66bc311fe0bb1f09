"""`manage.py list_models`: the served models and how they do."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from models_app.management import rendering
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
        models = listing.list_models()
        if options["json"]:
            self.stdout.write(
                json.dumps([asdict(model) for model in models], cls=DjangoJSONEncoder, indent=2)
            )
        elif models:
            rows = [_row(model) for model in models]
            for line in rendering.table(HEADINGS, rows, to_the_right=TO_THE_RIGHT):
                self.stdout.write(line)
        else:
            self.stdout.write("No models.")


def _row(model: ModelSummary) -> tuple[str, ...]:
    return (
        model.name,
        "default" if model.is_default else "",
        model.flavor,
        f"{model.n_learns:,}",
        rendering.size(model.size_bytes),
        _metrics(model.metrics),
    )


def _metrics(metrics: dict[str, float | None] | None) -> str:
    return "(does not load here)" if metrics is None else rendering.metrics(metrics)
