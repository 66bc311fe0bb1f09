"""The kinds of alerts."""

from monitoring.drift.watches import ALERT_KINDS
from monitoring.statuses.rules import STATUSES

#: Statuses that nobody has to be woken for.
_FINE = ("learning", "well")
#: Of alerts about a model's status.
STATUS_KINDS: tuple[str, ...] = tuple(status for status in STATUSES if status not in _FINE)
#: Of all alerts.
KINDS: tuple[str, ...] = (*ALERT_KINDS, *STATUS_KINDS)
