"""`manage.py reward_missing --model NAME --after 1h --reward 0`: reward what nobody has rewarded."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from models_app.management.base import ServiceCommand
from models_app.management.commands.prune_predictions import parse_age
from models_app.management.file_commands import INTERRUPTED, interrupting, reason
from models_app.services import rewarding, warming
from models_app.services.handing.client import handing_over


class Command(ServiceCommand):
    """Let a bandit learn a reward for the pulls whose own has not come in time."""

    help = (
        "Lets a model learn a default reward for each pull that is older than an age and has not been "
        "rewarded: that nobody clicked, say. A server may run meanwhile. For a deadline, run it regularly."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model, the age and the reward."""
        parser.add_argument("--model", required=True, metavar="NAME")
        parser.add_argument(
            "--after", type=parse_age, required=True, metavar="AGE", help="such as 90s, 15m, 12h, 30d, 8w"
        )
        parser.add_argument("--reward", type=float, required=True, metavar="NUMBER")

    def serve(self, *, model: str, after: timedelta, reward: float, **_options: Any) -> None:
        """Reward them, and say how many they were. Raises CommandError where it ends early."""
        try:
            before = timezone.now() - after
        except OverflowError:
            raise CommandError("--after reaches back before the calendar begins.") from None
        missing = rewarding.missing_rewards(model=model, before=before, reward=reward)
        n_rewarded, failed, feed = 0, None, missing.feed()
        with handing_over(skips_errors=True), interrupting(feed):
            for answered in feed.answers(missing.records()):
                n_rewarded += answered.error is None
                if answered.error is not None and not answered.is_skipped:
                    failed = failed or answered
        warming.write_down_metrics()
        self.stdout.write(f"Rewarded {n_rewarded:,} pull{'s' * (n_rewarded != 1)} with {reward:g}.")
        if feed.was_interrupted:
            raise CommandError("Interrupted.", returncode=INTERRUPTED)
        if failed is not None:
            raise CommandError(reason(failed))
