"""`manage.py add_model FILE`: serve a pickled model, or one that a specification describes."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from models_app.management.base import ServiceCommand
from models_app.paradigms.guessing import AUTO
from models_app.paradigms.registry import FLAVORS
from models_app.services import uploading
from models_app.services.finding import find


class Command(ServiceCommand):
    """Upload a model from a file."""

    help = (
        "Serves the model in a file made with pickle or dill, or that a specification (*.json) describes; it "
        "becomes the default."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file and a name."""
        parser.add_argument(
            "file", type=Path, metavar="FILE", help="the pickled model, or *.json: a specification"
        )
        parser.add_argument(
            "--flavor",
            choices=[*FLAVORS, AUTO],
            metavar="FLAVOR",
            help=f"{', '.join(FLAVORS)}, or '{AUTO}': what River says the model is for; else the instance's",
        )
        parser.add_argument(
            "--metric",
            action="append",
            default=[],
            dest="metrics",
            metavar="NAME",
            help="of river.metrics, beside the flavor's own; may be repeated; 'none': no metrics",
        )
        parser.add_argument(
            "--read-only",
            action="store_true",
            help="the model predicts, and learns nothing: it needs no learn_one; ground truths are scored",
        )
        parser.add_argument("--signature", help="as sign_model prints it")
        parser.add_argument("--name", help="one is drawn if none is given; a model of that name is replaced")

    def serve(  # noqa: PLR0913  # as many as an upload has choices
        self,
        *,
        file: Path,
        name: str | None,
        metrics: list[str],
        flavor: str | None,
        read_only: bool,
        signature: str | None,
        **_options: Any,
    ) -> None:
        """Upload the file's bytes; print the model's name."""
        uploaded = uploading.upload_model(
            data=file.read_bytes(),
            name=name,
            metrics=metrics,
            flavor=flavor,
            is_read_only=read_only,
            is_spec=file.suffix.lower() == ".json",
            signature=signature,
            now=timezone.now(),
        )
        self.stdout.write(uploaded.name)
        if flavor == AUTO:
            self.stderr.write(f"Note: Its flavor is {uploaded.flavor}.")
        for remark in find(uploaded.name).remarks:
            self.stderr.write(f"Note: {remark['message']}")
