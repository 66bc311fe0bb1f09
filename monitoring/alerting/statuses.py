"""Alerts about the statuses of models: opened where one is entered, resolved once it was left for long."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from models_app.domain.errors import ModelNotFound
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services.finding import find
from monitoring.alerting import keeping
from monitoring.alerting.kinds import STATUS_KINDS
from monitoring.clocks import Clock
from monitoring.models import DriftAlert
from monitoring.models.alerts import STATUS
from monitoring.statuses.rules import STATUSES, Verdict

#: From one evaluation to the next, in seconds; where there are so many models that one takes long, more.
EVERY_SECONDS = 5.0
# Of the time, evaluations are to take a tenth at most.
_REST = 10

Verdicts = Mapping[str, Verdict]


class Evaluator:
    """Opens and resolves the alerts about statuses. One thread at a time ticks.

    What is open stands in the database, so that a restart opens nothing twice. For how long a status has
    been left stands here: after a restart that begins anew.
    """

    def __init__(
        self,
        *,
        verdicts: Callable[[], Verdicts],
        opened: Callable[[Sequence[DriftAlert]], None],
        resolved: Callable[[Sequence[DriftAlert]], None],
        clock: Clock | None = None,
    ) -> None:
        """`verdicts` returns the status of each model, by name; the other two report what is durable."""
        self._verdicts = verdicts
        self._opened = opened
        self._resolved = resolved
        self._clock = clock or Clock()
        self._next_at = 0.0
        self._left_at: dict[int, float] = {}

    def tick(self) -> None:
        """Evaluate, if that is due; raises `StorageUnavailable`."""
        began = self._clock.monotonic()
        if began < self._next_at:
            return
        try:
            self._evaluate()
        finally:
            took = self._clock.monotonic() - began
            self._next_at = began + max(EVERY_SECONDS, _REST * took)

    def _evaluate(self) -> None:
        verdicts, now = self._verdicts(), self._clock.moment()
        with translated_errors():
            rows = DriftAlert.objects.unresolved().filter(source=STATUS).select_related("model")
            standing = list(rows)
        known = {(alert.model.name, alert.kind) for alert in standing}
        new = {
            name: verdict
            for name, verdict in verdicts.items()
            if verdict.status in STATUS_KINDS and (name, verdict.status) not in known
        }
        if new and (alerts := _open(new, now)):
            self._opened(alerts)
        ended = self._ended(standing, verdicts)
        if resolved := keeping.resolve(ended, now=now):
            self._resolved(resolved)

    def _ended(self, standing: Sequence[DriftAlert], verdicts: Verdicts) -> dict[int, str]:
        """Return the alerts whose status was left for as long as it has to be, each with what it is now."""
        left = {
            alert.pk: verdict.status
            for alert in standing
            if (verdict := verdicts.get(alert.model.name)) is not None and _is_left(alert.kind, verdict)
        }
        now = self._clock.monotonic()
        self._left_at = {pk: self._left_at.get(pk, now) for pk in left}
        return {
            pk: f"the model is {status} again" if status == "well" else f"the model is {status}"
            for pk, status in left.items()
            if now - self._left_at[pk] >= settings.ALERT_HOLD_SECONDS
        }


def _is_left(kind: str, verdict: Verdict) -> bool:
    """Say whether a status is no more. A worse one hides whether it is.

    >>> _is_left("failing", Verdict("well")), _is_left("failing", Verdict("stuck"))
    (True, False)
    """
    ranks: dict[str, int] = {status: rank for rank, status in enumerate(STATUSES)}
    # A kind of a version before has no rank.
    return verdict.rank > ranks.get(kind, -1)


def _open(verdicts: Verdicts, now: datetime) -> list[DriftAlert]:
    alerts = []
    with write_transaction():
        for name, verdict in verdicts.items():
            try:
                model = find(name)
            except ModelNotFound:
                # Deleted meanwhile.
                continue
            alert = DriftAlert.objects.create(
                model_id=model.pk,
                generation=model.generation,
                seq=model.seq,
                time=now,
                kind=verdict.status,
                source=STATUS,
                reason="; ".join(verdict.reasons),
            )
            alerts.append(alert)
        keeping.note_opened(alerts, now=now)
    return alerts
