"""`manage.py evaluate_policy MODEL FILE`: what another bandit policy would have earned."""

import math
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from models_app.domain.off_policy import Estimate
from models_app.management.base import ServiceCommand
from models_app.services import evaluating


class Command(ServiceCommand):
    """Estimate the mean reward of another policy."""

    help = (
        "Estimates what another bandit policy would have earned in the place of one that is served, from the "
        "pulls and rewards in its journal: by inverse propensity (IPS), by the same with weights that add up "
        "to one (SNIPS), and doubly robust. After each estimate stands its standard error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the served model and the other policy."""
        parser.add_argument("model", metavar="MODEL", help="the bandit that is served")
        parser.add_argument("file", type=Path, metavar="FILE", help="the other policy, pickled; it stays so")

    def serve(self, *, model: str, file: Path, **_options: Any) -> None:
        """Print the estimates, and what they are worth."""
        evaluation = evaluating.evaluate_policy(model=model, data=file.read_bytes())
        found = evaluation.estimates
        rows = (
            ("served policy", found.served),
            ("IPS", found.ips),
            ("SNIPS", found.snips),
            ("doubly robust", found.doubly_robust),
        )
        for name, estimate in rows:
            self.stdout.write(f"{name:<14} {_shown(estimate)}")
        self.stdout.write(f"Rewards used: {found.n:,}, worth {found.effective_n:,.0f} of the policy's own.")
        for note in evaluation.notes:
            self.stderr.write(f"Note: {note}")


def _shown(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "nothing to estimate from"
    error = "unknown" if math.isnan(estimate.standard_error) else f"{estimate.standard_error:.6f}"
    return f"{estimate.value:.6f} ± {error}"
