"""`manage.py verify_journal [NAME]`: is what is served what the journal says?"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.domain.errors import ModelNotFound
from models_app.management.base import ServiceCommand
from models_app.services import finding, verifying
from models_app.services.verifying import Verification


class Command(ServiceCommand):
    """Verify journals."""

    help = (
        "Replays a model's journal from the first bytes kept and compares with the live state; "
        "exit code 1 if anything differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a name."""
        parser.add_argument("name", nargs="?", metavar="NAME", help="all models if none is named")

    def serve(self, *, name: str | None, **_options: Any) -> None:
        """Print a line a model and one a difference. Raises CommandError if anything differs."""
        names = finding.model_names() if name is None else [name]
        wrong = [each for each in names if not self._verify(each, may_be_gone=name is None)]
        if wrong:
            raise CommandError(f"The journal and the live state differ: {', '.join(wrong)}.")

    def _verify(self, name: str, *, may_be_gone: bool) -> bool:
        try:
            verification = verifying.verify_model(name=name)
        except ModelNotFound:
            # Deleted since the names were read.
            if may_be_gone:
                return True
            raise
        self.stdout.write(_summary(verification))
        for difference in verification.differences:
            self.stdout.write(f"  {difference}")
        return verification.is_equal


def _summary(verification: Verification) -> str:
    outcome = "equal" if verification.is_equal else "DIFFERENT"
    if verification.is_equal and verification.has_unseeded:
        outcome += ", but for random generators without a seed"
    if verification.is_equal and not verification.is_replayable:
        outcome += ", but for the model itself, which cannot be had again from what it learned"
    learns = f"learns {verification.first_seq:,} to {verification.seq:,}"
    return f"{verification.name}: {outcome} ({learns}, {verification.n_compared} snapshots compared)"
