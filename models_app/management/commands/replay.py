"""`manage.py replay NAME --generation GENERATION`: learn again what was learned before a rollback."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm  # type: ignore[import-untyped]  # it has no types of its own

from models_app.management import rendering
from models_app.management.base import ServiceCommand
from models_app.management.file_commands import INTERRUPTED, interrupting, reason
from models_app.management.progress import Tally
from models_app.services import replaying, warming
from models_app.services.handing.client import handing_over


class Command(ServiceCommand):
    """Let a model learn again."""

    help = (
        "Lets a model learn again, in order, what it had learned as an earlier generation and does not have "
        "since a rollback: it predicts, is scored and learns. It goes on where the last time has ended, "
        "whatever has ended it. A server may run meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model and what it shall learn again."""
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--generation", type=int, required=True, help="the one whose journal is replayed")
        parser.add_argument(
            "--after", type=int, metavar="SEQ", help="leave out for good what stands before, and this learn"
        )
        parser.add_argument("--until", type=int, metavar="SEQ", help="the last learn to be learned again")
        parser.add_argument(
            "--as-answered", action="store_true", help="score the predictions that were answered then"
        )

    def serve(self, *args: Any, **options: Any) -> None:
        """Replay, and say how far. Raises CommandError where it ends early."""
        with handing_over(skips_errors=False):
            self._replay(**options)

    def _replay(self, *, name: str, generation: int, as_answered: bool, **options: Any) -> None:
        plan = replaying.begin_replay(
            name=name,
            generation=generation,
            after=options["after"],
            until=options["until"],
            scores_answers=as_answered,
        )
        feed, tally = plan.feed(), Tally(last_line=plan.after_seq)
        # None: the bar is shown where stderr is a terminal.
        bar = tqdm(total=plan.until_seq - plan.after_seq, disable=None, dynamic_ncols=True)
        with interrupting(feed), bar:
            for answered in feed.answers(plan.records()):
                tally.add(answered)
                bar.update(1)
        warming.write_down_metrics()
        self.stdout.write(tally.summary("Learned again"))
        self.stdout.write(f"Generation {generation} is replayed up to learn {tally.last_line:,}.")
        if feed.was_interrupted:
            raise CommandError("Interrupted.", returncode=INTERRUPTED)
        if tally.failed is not None:
            why = reason(tally.failed)
            raise CommandError(f"Learn {tally.failed.line:,} of generation {generation}: {why}")
        vitals = warming.vitals(name)
        self.stdout.write(f"{name}, learns 1 to {vitals.seq:,}: {rendering.metrics(vitals.metrics)}")
