"""`manage.py shard`: one of the processes that work on the models; `serve` starts them."""

import gc
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from models_app.management.base import SWITCH_INTERVAL
from models_app.management.commands.serve import GARBAGE_THRESHOLDS
from models_app.management.shards import run_shard


class Command(BaseCommand):
    """Work on the models of one shard until SIGTERM or SIGINT."""

    help = "Works on the models of one shard; `serve` starts these processes (ENGINE_PROCESSES)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which shard it is, and where it listens."""
        parser.add_argument("--number", type=int, required=True, help="which shard, from 0 on")
        parser.add_argument("--of", type=int, default=settings.ENGINE_PROCESSES, help="how many there are")
        parser.add_argument("--folder", type=Path, required=True, help="where shards listen")

    def handle(self, *_args: Any, number: int, of: int, folder: Path, **_options: Any) -> None:
        """Work. Raises CommandError where the shard cannot listen."""
        if not 0 <= number < of:
            raise CommandError(f"--number must be from 0 to {of - 1}.")
        sys.setswitchinterval(SWITCH_INTERVAL)
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        try:
            run_shard(
                number=number,
                of=of,
                folder=folder,
                when_ready=lambda: self._be_ready(number, of),
                seconds_left=lambda: settings.SHUTDOWN_SECONDS,
            )
        except OSError as error:
            raise CommandError(f"The shard cannot listen in {folder}: {error.strerror}.") from error

    def _be_ready(self, number: int, of: int) -> None:
        gc.collect()
        gc.freeze()
        self.stdout.write(f"Shard {number} of {of} is ready.")
        self.stdout.flush()
