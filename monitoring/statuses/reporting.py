"""The statuses of models for clients."""

import time
from collections.abc import Sequence

from models_app.services.finding import Served
from models_app.services.judging import Reason, Standing
from monitoring.pages.rows import rows_of
from monitoring.statuses.rules import Verdict

# What one look takes of memory is bounded.
_AT_A_TIME = 1_000


def report(models: Sequence[Served]) -> dict[str, Standing]:
    """Return how models do, by name; raises `StorageUnavailable`."""
    now = time.time()
    return {
        row.name: _standing(row.verdict, now)
        for start in range(0, len(models), _AT_A_TIME)
        for row in rows_of(models[start : start + _AT_A_TIME], has_lines=False)
    }


def _standing(verdict: Verdict, now: float) -> Standing:
    reasons = (
        Reason(rule=rule, text=text, since=None if age is None else now - age)
        for text, (rule, age) in zip(verdict.reasons, verdict.rules, strict=True)
    )
    return Standing(status=verdict.status, reasons=tuple(reasons))
